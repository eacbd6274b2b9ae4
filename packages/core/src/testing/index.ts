export { acrossRanks } from './across-ranks.ts';
export { describeMethod } from './describe-method.ts';
export { describePackage, type PackageKitOptions, readmeSettings } from './describe-package.ts';
export { diagnosesOf, kitViews, kitWaves } from './diagnosed-run.ts';
export {
  type FixtureTensor,
  fixtureIntegers,
  fixtureTensor,
  inTorchLayout,
  loadFixture,
  readFixture,
  relativeError,
} from './fixtures.ts';
export { type GradientCheckOptions, gradientError } from './gradient-check.ts';
export { type MethodCheck, methodChecks } from './method-checks.ts';
export { kitBackbone, kitBatch, kitData, kitLoss, kitVit, type MethodKitOptions } from './method-kit.ts';
export { onePixelBackbone } from './one-pixel-backbone.ts';
export { describeParity, lossParity, PARITY_TOLERANCE, type Parity, type ParityCase } from './parity.ts';
