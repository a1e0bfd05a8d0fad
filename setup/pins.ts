/** The exact wheels of the native backend, by platform. */
import { type NativeVariant, TENSORFLOW_VERSION } from '../compute/installed.ts';

export interface Wheel {
  package: string;
  version: string;
  /** Platform tags, best first, as `pip download --platform` takes them. */
  platforms: string[];
  sha256: string;
  /** Size of the file, for the progress bar. */
  bytes: number;
}

const LINUX_X64 = [
  'manylinux_2_27_x86_64',
  'manylinux_2_25_x86_64',
  'manylinux_2_17_x86_64',
  'manylinux2014_x86_64',
];

/** The wheels for the CPU, by `platform-arch` of Node. Only linux-x64 has a package of its own for it. */
const CPU: Record<string, Wheel> = {
  'linux-x64': {
    package: 'tensorflow-cpu',
    version: TENSORFLOW_VERSION,
    platforms: LINUX_X64,
    sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
    bytes: 273_829_956,
  },
  'linux-arm64': {
    package: 'tensorflow',
    version: TENSORFLOW_VERSION,
    platforms: ['manylinux_2_27_aarch64'],
    sha256: '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c',
    bytes: 281_828_020,
  },
  'darwin-arm64': {
    package: 'tensorflow',
    version: TENSORFLOW_VERSION,
    platforms: ['macosx_12_0_arm64'],
    sha256: '51f46f4806139d01fc7920cc72a4c75876f80649bf40ff083ab6212ceb43ca88',
    bytes: 223_405_849,
  },
};

/** `tensorflow[and-cuda]` as its metadata names it, at the newest versions of CUDA 12 when it was pinned. */
const CUDA: [name: string, version: string, bytes: number, sha256: string][] = [
  [
    'cublas',
    '12.9.3.13',
    581_217_458,
    'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72',
  ],
  [
    'cuda-cupti',
    '12.9.79',
    10_814_997,
    '096bcf334f13e1984ba36685ad4c1d6347db214de03dbb6eebb237b41d9d934f',
  ],
  [
    'cuda-nvcc',
    '12.9.86',
    40_546_229,
    '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0',
  ],
  [
    'cuda-nvrtc',
    '12.9.86',
    89_568_129,
    '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
  ],
  [
    'cuda-runtime',
    '12.9.79',
    3_493_179,
    '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
  ],
  [
    'cudnn',
    '9.28.0.42',
    716_538_495,
    '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375',
  ],
  [
    'cufft',
    '11.4.1.4',
    200_877_592,
    'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28',
  ],
  [
    'curand',
    '10.3.10.19',
    68_295_626,
    '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e',
  ],
  [
    'cusolver',
    '11.7.5.82',
    338_117_415,
    '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88',
  ],
  [
    'cusparse',
    '12.5.10.65',
    366_465_088,
    '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
  ],
  [
    'nccl',
    '2.32.3',
    351_526_311,
    'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c',
  ],
  [
    'nvjitlink',
    '12.9.86',
    39_748_338,
    'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
  ],
];

const CUDA_TENSORFLOW: Wheel = {
  package: 'tensorflow',
  version: TENSORFLOW_VERSION,
  platforms: LINUX_X64,
  sha256: '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124',
  bytes: 572_440_367,
};

/**
 * The wheels to unpack into one folder, TensorFlow's own first.
 * @returns an empty list if there is none for this platform
 */
export function wheelsFor(
  variant: NativeVariant,
  platform: string = process.platform,
  arch: string = process.arch,
): Wheel[] {
  const host = `${platform}-${arch}`;
  if (variant === 'cpu') return CPU[host] ? [CPU[host]] : [];
  if (host !== 'linux-x64') return [];
  const cuda = CUDA.map(([name, version, bytes, sha256]) => ({
    package: `nvidia-${name}-cu12`,
    version,
    platforms: LINUX_X64,
    sha256,
    bytes,
  }));
  return [CUDA_TENSORFLOW, ...cuda];
}

/**
 * The members of a wheel that are needed, as a Python regular expression: the C library, the
 * headers that its C API includes, and the files of NVIDIA's packages that are read at run time.
 */
export const WANTED_MEMBERS = [
  String.raw`tensorflow/libtensorflow_(cc|framework)\.(so\.2|2\.dylib)`,
  String.raw`tensorflow/include/(tensorflow/c|tensorflow/core/platform|xla/tsl/c|tsl/platform)/.*\.h`,
  String.raw`nvidia/[^/]+/lib/.*\.so.*`,
  'nvidia/cuda_nvcc/(bin|nvvm)/.*',
].join('|');

/** Disk space in bytes for making an installation, including the wheel. */
export const DISK_BYTES: Record<NativeVariant, number> = { cpu: 1.3e9, gpu: 8e9 };
