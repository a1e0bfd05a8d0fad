/**
 * Finds the JavaScript and C++ sources of @tensorflow/tfjs-node-gpu in node_modules, or in the
 * folder where set-up put the package. It cannot be a normal dependency: its install script
 * downloads libtensorflow of 2022, which is not used here, and npm fails when that download fails.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { compileFunction } from 'node:vm';
import type { KernelBackend, Tensor, TensorInfo } from '@tensorflow/tfjs';
import type { Binding, OpAttr, TensorMetadata } from './binding.ts';
import { cacheDir, TFJS_NODE_VERSION } from './installed.ts';

const require = createRequire(import.meta.url);

export const TFJS_NODE = '@tensorflow/tfjs-node-gpu';

/** The part of tfjs-node's backend that is used here. */
export interface TfjsNodeBackend extends KernelBackend {
  getInputTensorIds(tensors: TensorInfo[]): number[];
  createOutputTensor(metadata: TensorMetadata): Tensor;
  executeMultipleOutputs(
    op: string,
    attrs: OpAttr[],
    inputs: TensorInfo[],
    outputs: number,
  ): Tensor[];
}

export interface TfjsNode {
  /** Folder of the package. */
  dir: string;
  /** Whether it is in node_modules, with its dependencies beside it. */
  isInstalled: boolean;
}

/** Folder where set-up puts the package: per user, like libtensorflow. */
export function fetchedDir(): string {
  return join(cacheDir(), `tfjs-node-gpu-${TFJS_NODE_VERSION}`);
}

/** @returns undefined when the package is neither in node_modules nor in the cache */
export function findTfjsNode(): TfjsNode | undefined {
  const installed = attempt(() => require.resolve(`${TFJS_NODE}/package.json`));
  const candidates = [
    ...(installed ? [{ dir: dirname(installed), isInstalled: true }] : []),
    { dir: fetchedDir(), isInstalled: false },
  ];
  return candidates.find(({ dir }) => versionOf(dir) === TFJS_NODE_VERSION);
}

function versionOf(dir: string): string | undefined {
  return attempt(() => JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')).version);
}

function attempt<Result>(action: () => Result): Result | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

/**
 * Registers tfjs-node's kernels. The package's own entry would look for an addon in its own folder.
 */
export function createKernelBackend(from: TfjsNode, binding: Binding): TfjsNodeBackend {
  const load = from.isInstalled ? require : requireOf();
  load(join(from.dir, 'dist', 'register_all_kernels.js'));
  const { NodeJSKernelBackend } = load(join(from.dir, 'dist', 'nodejs_kernel_backend.js')) as {
    NodeJSKernelBackend: new (binding: Binding, name: string) => TfjsNodeBackend;
  };
  return new NodeJSKernelBackend(binding, TFJS_NODE);
}

/**
 * Makes a `require` for CommonJS files outside of node_modules that resolves packages from this
 * project's node_modules: tfjs has one engine per process, and Node would look for it beside the
 * files.
 */
function requireOf(): (file: string) => unknown {
  const modules = new Map<string, { exports: unknown }>();
  const load = (path: string): unknown => {
    const file = require.resolve(path);
    const known = modules.get(file);
    if (known) return known.exports;
    const module = { exports: {} as unknown };
    modules.set(file, module);
    const names = ['exports', 'require', 'module', '__filename', '__dirname'];
    const run = compileFunction(readFileSync(file, 'utf8'), names, { filename: file });
    const folder = dirname(file);
    const requireHere = (name: string) =>
      name.startsWith('.') ? load(resolve(folder, name)) : require(name);
    run.call(module.exports, module.exports, requireHere, module, file, folder);
    return module.exports;
  };
  return load;
}
