/** Where `codec-lm setup` keeps the native backend, and what it left there. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** `cpu` runs everywhere; `gpu` holds CUDA's libraries too and is only set up on request. */
export type NativeVariant = 'cpu' | 'gpu';

/** Raised when the layout of an installation changes, so that an older one is not taken for a new one. */
const LAYOUT = 1;

/** The release whose kernels and addon the native backend is made of. */
export const TFJS_NODE_VERSION = '4.22.0';

/** The TensorFlow release whose C library the native backend runs on. */
export const TENSORFLOW_VERSION = '2.21.0';

/** Written last into an installation: its presence means that the rest is whole. */
export const MANIFEST = 'native.json';

export interface InstalledManifest {
  /** Version that the library itself reported when it was loaded for the first time. */
  libtensorflow: string;
  variant: NativeVariant;
  /** How it came here, for people: `tensorflow-cpu 2.21.0 wheel`. */
  source: string;
  /** Path of the addon, relative to the installation. */
  binding: string;
}

export interface Installed extends InstalledManifest {
  dir: string;
  /** Absolute path of the addon. */
  bindingPath: string;
}

type Env = Record<string, string | undefined>;

/** Per user, so that a fresh `node_modules` costs no second download; `CODEC_LM_CACHE` overrides it. */
export function cacheDir(env: Env = process.env): string {
  if (env.CODEC_LM_CACHE) return resolve(env.CODEC_LM_CACHE);
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'codec-lm');
}

/** All that decides whether an installation fits is in its name: nothing in it is ever changed. */
export function nativeDir(variant: NativeVariant, env: Env = process.env): string {
  const key = [variant, TENSORFLOW_VERSION, TFJS_NODE_VERSION, process.platform, process.arch];
  return join(cacheDir(env), `native-${key.join('-')}-r${LAYOUT}`);
}

/** @returns nothing when the variant is not set up here */
export function findInstalled(
  variant: NativeVariant,
  env: Env = process.env,
): Installed | undefined {
  const dir = nativeDir(variant, env);
  let manifest: InstalledManifest;
  try {
    manifest = JSON.parse(readFileSync(join(dir, MANIFEST), 'utf8'));
  } catch {
    return undefined;
  }
  return { ...manifest, dir, bindingPath: join(dir, manifest.binding) };
}
