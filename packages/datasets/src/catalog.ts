/** Where the public data sets come from, how their files are known to be whole, and what their makers say about their use. */

export interface RemoteFile {
  /** Its name on a mirror, `<SSL_MIRROR>/<set>/<file>`. */
  readonly file: string;
  readonly url: string;
  readonly sha256?: string;
  readonly md5?: string;
  /** Exact size, checked. */
  readonly bytes?: number;
  /** Size as far as it is known, for messages. */
  readonly about?: number;
}

export interface RemoteSet {
  readonly name: string;
  /** Its folder below the cache; `name` unless a set has several that are fetched one by one. */
  readonly folder?: string;
  readonly files: readonly RemoteFile[];
  /** Licence or terms as the makers state them, in one line. */
  readonly terms: string;
  /** The makers' page. */
  readonly page: string;
}

// SHA-256 and sizes are those of TensorFlow Datasets (tensorflow_datasets/url_checksums/<set>.txt) unless another source is given.

export const CIFAR10: RemoteSet = {
  name: 'cifar10',
  files: [
    {
      file: 'cifar-10-binary.tar.gz',
      url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
      sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
      bytes: 170_052_171,
    },
  ],
  terms: 'no licence stated; cite Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009',
  page: 'https://www.cs.toronto.edu/~kriz/cifar.html',
};

export const CIFAR100: RemoteSet = {
  ...CIFAR10,
  name: 'cifar100',
  files: [
    {
      file: 'cifar-100-binary.tar.gz',
      url: 'https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz',
      sha256: '58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec',
      bytes: 168_513_733,
    },
  ],
};

export const STL10: RemoteSet = {
  name: 'stl10',
  files: [
    {
      file: 'stl10_binary.tar.gz',
      url: 'http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz',
      sha256: 'f31fd99273a1acb8609c8db427cebb1de3f71de77758cdc0e22956e1289b9866',
      bytes: 2_640_397_119,
    },
  ],
  terms: 'no licence stated; pictures from ImageNet; cite Coates, Lee and Ng, AISTATS 2011',
  page: 'https://cs.stanford.edu/~acoates/stl10/',
};

/** The four files that MNIST and the sets made like it have: name, bytes, SHA-256. */
type IdxFiles = readonly (readonly [file: string, bytes: number, sha256: string])[];

const idxFiles = (base: string, files: IdxFiles): RemoteFile[] =>
  files.map(([file, bytes, sha256]) => ({ file, url: `${base}/${file}`, bytes, sha256 }));

export const MNIST: RemoteSet = {
  name: 'mnist',
  // The mirror that torchvision asks first (torchvision/datasets/mnist.py): the makers' own server turns programs away.
  files: idxFiles('https://ossci-datasets.s3.amazonaws.com/mnist', [
    ['train-images-idx3-ubyte.gz', 9_912_422, '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609'],
    ['train-labels-idx1-ubyte.gz', 28_881, '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c'],
    ['t10k-images-idx3-ubyte.gz', 1_648_877, '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6'],
    ['t10k-labels-idx1-ubyte.gz', 4_542, 'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6'],
  ]),
  terms: 'usually given as CC BY-SA 3.0; by LeCun, Cortes and Burges',
  page: 'http://yann.lecun.com/exdb/mnist/',
};

export const FASHION_MNIST: RemoteSet = {
  name: 'fashion-mnist',
  files: idxFiles('http://fashion-mnist.s3-website.eu-central-1.amazonaws.com', [
    ['train-images-idx3-ubyte.gz', 26_421_880, '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84'],
    ['train-labels-idx1-ubyte.gz', 29_515, 'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845'],
    ['t10k-images-idx3-ubyte.gz', 4_422_102, '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073'],
    ['t10k-labels-idx1-ubyte.gz', 5_148, '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5'],
  ]),
  terms: 'MIT; by Xiao, Rasul and Vollgraf (Zalando Research)',
  page: 'https://github.com/zalandoresearch/fashion-mnist',
};

export const KMNIST: RemoteSet = {
  name: 'kmnist',
  files: idxFiles('http://codh.rois.ac.jp/kmnist/dataset/kmnist', [
    ['train-images-idx3-ubyte.gz', 18_165_135, '51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4'],
    ['train-labels-idx1-ubyte.gz', 29_497, 'e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17'],
    ['t10k-images-idx3-ubyte.gz', 3_041_136, 'edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5'],
    ['t10k-labels-idx1-ubyte.gz', 5_120, '20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c'],
  ]),
  terms: 'CC BY-SA 4.0; KMNIST Dataset, created by CODH, adapted from Kuzushiji Dataset of NIJL and others',
  page: 'http://codh.rois.ac.jp/kmnist/',
};

const SVHN_FILES = {
  train: { bytes: 182_040_794, sha256: '435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8' },
  test: { bytes: 64_275_384, sha256: 'cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b' },
  extra: { bytes: 1_329_278_602, sha256: 'a133a4beb38a00fcdda90c9489e0c04f900b660ce8a316a5e854838379a71eb3' },
} as const;

export function svhnFiles(split: 'train' | 'test' | 'extra'): RemoteSet {
  const file = `${split}_32x32.mat`;
  return {
    name: 'svhn',
    folder: `svhn/${split}`,
    files: [{ file, url: `http://ufldl.stanford.edu/housenumbers/${file}`, ...SVHN_FILES[split] }],
    terms: 'for non-commercial use only; cite Netzer and others, 2011',
    page: 'http://ufldl.stanford.edu/housenumbers/',
  };
}

/** `full`: as in ImageNet. The others: the shorter side in pixels. */
export type ImagenetteSize = 'full' | '320' | '160';

/** MD5 of imagenette as torchvision has them (torchvision/datasets/imagenette.py); of imagewoof as Catalyst (contrib/datasets/imagewoof.py). */
const IMAGENETTE_FILES: Readonly<
  Record<'imagenette' | 'imagewoof', Readonly<Record<ImagenetteSize, { md5: string; about: number }>>>
> = {
  imagenette: {
    full: { md5: 'fe2fc210e6bb7c5664d602c3cd71e612', about: 1.56e9 },
    '320': { md5: '3df6f0d01a2c9592104656642f5e78a3', about: 341e6 },
    '160': { md5: 'e793b78cc4c9e9a4ccc0c1155377a412', about: 99e6 },
  },
  imagewoof: {
    full: { md5: '9aafe18bcdb1632c4249a76c458465ba', about: 1.34e9 },
    '320': { md5: '0f46d997ec2264e97609196c95897a44', about: 328e6 },
    '160': { md5: '3d200a7be99704a0d7509be2a9fbfe15', about: 93e6 },
  },
};

export function imagenetteFiles(name: 'imagenette' | 'imagewoof', size: ImagenetteSize): RemoteSet {
  const stem = size === 'full' ? `${name}2` : `${name}2-${size}`;
  const file = `${stem}.tgz`;
  return {
    name,
    folder: `${name}/${size}`,
    files: [{ file, url: `https://s3.amazonaws.com/fast-ai-imageclas/${file}`, ...IMAGENETTE_FILES[name][size] }],
    terms:
      'pictures from ImageNet, whose terms ask for non-commercial research or teaching; by Jeremy Howard (fast.ai)',
    page: 'https://github.com/fastai/imagenette',
  };
}
