export { type FixtureTensor, fixtureTensor, readFixture, relativeError } from './fixtures.ts';
export { type GradientCheckOptions, gradientError } from './gradient-check.ts';
