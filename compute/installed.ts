/** Finds the native backend that `codec-lm setup` installed. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** `cpu` runs everywhere; `gpu` includes CUDA's libraries and is set up only on request. */
export type NativeVariant = 'cpu' | 'gpu';

/**
 * Increased when the layout of an installation changes, so that an older one is not mistaken for a
 * new one.
 */
const LAYOUT = 1;

/** The tfjs-node release whose kernels and addon the native backend uses. */
export const TFJS_NODE_VERSION = '4.22.0';

/** The TensorFlow release whose C library the native backend uses. */
export const TENSORFLOW_VERSION = '2.21.0';

/** The last file of an installation: its presence means that the rest is complete. */
export const MANIFEST = 'native.json';

export interface InstalledManifest {
  /** Version that the library reported when it was first loaded. */
  libtensorflow: string;
  variant: NativeVariant;
  /** Origin of the installation, for people: `tensorflow-cpu 2.21.0 wheel`. */
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

/**
 * Cache folder of the user, so that a fresh `node_modules` needs no second download;
 * `CODEC_LM_CACHE` overrides it.
 */
export function cacheDir(env: Env = process.env): string {
  if (env.CODEC_LM_CACHE) return resolve(env.CODEC_LM_CACHE);
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'codec-lm');
}

/**
 * Folder of an installation. Its name contains everything that decides whether it fits, so its
 * content never changes.
 */
export function nativeDir(variant: NativeVariant, env: Env = process.env): string {
  const key = [variant, TENSORFLOW_VERSION, TFJS_NODE_VERSION, process.platform, process.arch];
  return join(cacheDir(env), `native-${key.join('-')}-r${LAYOUT}`);
}

/** @returns undefined when the variant is not set up */
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
