/** The checks of `codec-lm doctor`. Each has a time limit and never throws. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { CodecLmError, messageOf } from '../base/error.ts';
import { localRank } from '../base/launcher.ts';
import { chooseBackend } from '../compute/choose.ts';
import { findCompiled, isCompiled } from '../compute/compiled/find.ts';
import { gpuCount } from '../compute/gpu.ts';
import { cacheDir, findInstalled } from '../compute/installed.ts';
import { lacksKernels } from '../compute/kernels.ts';
import { pickInstalled } from '../compute/native.ts';
import { findFfmpeg, npmFfmpeg, originOf } from '../tokenizer/codecs/avc/ffmpeg/find.ts';
import { libraryNames } from '../trainer/distributed/launcher.ts';
import { mpiVersions } from '../trainer/distributed/mpi-library.ts';

const require = createRequire(import.meta.url);
const run = promisify(execFile);

export interface Finding {
  name: string;
  /** The finding in words; the missing thing if `ok` is false. */
  found: string;
  ok: boolean;
  /** Advice for the user. */
  hint?: string;
}

/** Vector units by which oneDNN, libvips and x264 choose their code. */
const CPU_FEATURES =
  /^(avx|avx2|fma|f16c|avx512f|avx512_vnni|avx512_bf16|amx_bf16|amx_tile|asimd|bf16|i8mm|sve|sve2)$/;

/** In the order of printing. */
export async function findAll(): Promise<Finding[]> {
  const groups = await Promise.all([
    node(),
    backend(),
    gpus(),
    cpu(),
    sampler(),
    images(),
    ffmpeg(),
    x264(),
    mpi(),
    compiler(),
    python(),
  ]);
  return groups;
}

async function node(): Promise<Finding> {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 15);
  const found = `${process.version}, ${process.platform}-${process.arch}`;
  return { name: 'Node', found, ok, hint: ok ? undefined : 'install Node 20.15 or newer' };
}

async function backend(): Promise<Finding> {
  const name = 'Backend';
  try {
    const chosen = await chooseBackend();
    const native = chosen.name === 'native';
    const where = native ? `; kept in ${cacheDir()}` : '';
    const found = `${chosen.reason.replace('backend: ', '')}; tfjs ${chosen.versions.tfjs}${where}`;
    const wanted = native || process.env.CODEC_LM_BACKEND === 'wasm';
    const installed = native && chosen.device === 'cpu' ? pickInstalled() : undefined;
    const hint = !wanted
      ? 'run `npx codec-lm setup`'
      : installed && lacksKernels(installed)
        ? 'run `npx codec-lm setup` where there is a C++ compiler: training will be faster'
        : undefined;
    return { name, found, ok: wanted, hint };
  } catch (error) {
    return { name, found: messageOf(error), ok: false, hint: 'run `npx codec-lm setup`' };
  }
}

async function gpus(): Promise<Finding> {
  const name = 'GPU';
  const count = gpuCount();
  if (count === 0) return { name, found: 'no NVIDIA driver here; the CPU is used', ok: true };
  const devices = await firstLines('nvidia-smi', [
    '--query-gpu=name,memory.total,driver_version',
    '--format=csv,noheader',
  ]);
  const found = `${count}: ${devices ?? 'nvidia-smi does not answer'}; this process is local rank ${localRank()}`;
  const ok = findInstalled('gpu') !== undefined;
  return {
    name,
    found,
    ok,
    hint: ok ? undefined : 'run `npx codec-lm setup --gpu` to make use of it',
  };
}

async function cpu(): Promise<Finding> {
  const features = cpuFlags().filter((flag) => CPU_FEATURES.test(flag));
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB of memory`;
  const model = cpus()[0]?.model.trim() || 'unknown model';
  return {
    name: 'CPU',
    found: `${model}, ${availableParallelism()} usable, ${memory}; ${features.join(' ') || 'features unknown'}`,
    ok: true,
  };
}

async function sampler(): Promise<Finding> {
  const name = 'Sampler';
  const isSlow = !isCompiled();
  return {
    name,
    found: findCompiled() ? 'computes by AVX-512' : 'computes by WebAssembly',
    ok: !isSlow,
    hint: isSlow ? 'run `npx codec-lm setup` where there is a C++ compiler' : undefined,
  };
}

function cpuFlags(): string[] {
  try {
    const line = /^(flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'));
    return line?.[2].trim().split(/\s+/) ?? [];
  } catch {
    return [];
  }
}

async function images(): Promise<Finding> {
  const name = 'Images';
  try {
    const { versions } = require('sharp') as typeof import('sharp');
    const jpeg = versions.mozjpeg ? `mozjpeg ${versions.mozjpeg}` : 'libjpeg of the system';
    return { name, found: `sharp ${versions.sharp}, libvips ${versions.vips}, ${jpeg}`, ok: true };
  } catch (error) {
    const found = `sharp does not load: ${messageOf(error).split('\n')[0]}`;
    return {
      name,
      found,
      ok: false,
      hint: 'install the packages on this machine, with `--include=optional`',
    };
  }
}

/** The ffmpeg that the programs would use, found by the same function. */
async function ffmpeg(): Promise<Finding> {
  const name = 'ffmpeg';
  try {
    const found = await findFfmpeg();
    const isOld = found.origin === 'npm';
    const spare = npmFfmpeg();
    const other =
      !isOld && spare ? `; npm's of 2018 is there too, for where there is no other` : '';
    return {
      name,
      found: `${found.versions.ffmpeg}, ${found.path}, ${originOf(found)}${other}`,
      ok: !isOld,
      hint: isOld ? `install a current one (Debian: apt-get install ffmpeg)` : undefined,
    };
  } catch (error) {
    return missingFfmpeg(name, error);
  }
}

async function x264(): Promise<Finding> {
  const name = 'x264';
  try {
    const { versions } = await findFfmpeg();
    return { name, found: `libx264 core ${versions.x264}`, ok: true };
  } catch (error) {
    return missingFfmpeg(name, error);
  }
}

function missingFfmpeg(name: string, error: unknown): Finding {
  const hint = error instanceof CodecLmError ? error.hint : undefined;
  return { name, found: messageOf(error), ok: false, hint: `videos need it: ${hint}` };
}

/** Launcher and library have to belong to the same MPI. */
async function mpi(): Promise<Finding> {
  const name = 'MPI';
  const launcher = launcherOf(await output('mpirun', ['--version']));
  const libraries = [...mpiVersions(libraryNames('mpich'))];
  const found = libraries.map(([version, library]) => `${version} (${library})`).join(', ');
  if (launcher && found) return { name, found: `${launcher}; libraries: ${found}`, ok: true };
  const hint = 'only for several processes: install Open MPI (Debian: apt-get install openmpi-bin)';
  const lacks = launcher
    ? `${launcher}; no library that can be loaded`
    : `no mpirun here${found && `; libraries: ${found}`}`;
  return { name, found: lacks, ok: false, hint };
}

/** Open MPI prints its version in the first line, MPICH's Hydra in a line of its own. */
function launcherOf(text: string | undefined): string | undefined {
  const hydra = /^HYDRA[\s\S]*?^\s*Version:\s*(\S+)/m.exec(text ?? '');
  return hydra ? `mpirun (MPICH) ${hydra[1]}` : text?.split('\n')[0].trim() || undefined;
}

async function compiler(): Promise<Finding> {
  const name = 'C++';
  const line = await firstLines(process.env.CXX || 'g++', ['--version']);
  if (line) return { name, found: line, ok: true };
  const hint = 'set-up of the native backend needs it (Debian: apt-get install g++)';
  return { name, found: 'no compiler here', ok: false, hint };
}

async function python(): Promise<Finding> {
  const name = 'Python';
  const line = await firstLines('python3', ['-m', 'pip', '--version']);
  if (line) return { name, found: line.replace(/ from .* \(/, ' ('), ok: true };
  const hint = 'set-up of the native backend needs it (Debian: apt-get install python3-pip)';
  return { name, found: 'no Python with pip here', ok: false, hint };
}

/** The first line that a program prints; undefined when it is missing, fails or hangs. */
async function firstLines(program: string, args: string[]): Promise<string | undefined> {
  return (await output(program, args))?.split('\n')[0].trim() || undefined;
}

async function output(program: string, args: string[]): Promise<string | undefined> {
  try {
    return (await run(program, args, { timeout: 15_000 })).stdout.trim();
  } catch {
    return undefined;
  }
}
