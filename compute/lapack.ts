/**
 * An installed OpenBLAS, or another library with BLAS and LAPACK, through FFI: linear algebra in double
 * precision that TensorFlow has only in slower forms. It works on our arrays in place.
 */
import { CodecLmError, messageOf } from '../base/error.ts';
import { hasOptional, loadOptional } from '../base/optional.ts';

/** Names for the system's loader. The reference library (`liblapack`) is slower than TensorFlow. */
const NAMES: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  linux: ['libopenblas.so.0'],
  darwin: ['libopenblas.0.dylib', '/opt/homebrew/opt/openblas/lib/libopenblas.dylib'],
};

/** How libraries spell `dgemm`: Fortran's way, and as the one that SciPy brings has it. */
const SPELLINGS: readonly ((name: string) => string)[] = [
  (name) => `${name}_`,
  (name) => `scipy_${name}_`,
  (name) => `scipy_${name}_64_`,
];

/** How many arguments each routine takes, in Fortran's order. */
const ROUTINES = { dgemm: 13, dsyrk: 10, dpotrf: 5, dsygst: 8, dsyev: 9, dgesdd: 14 } as const;

export type Routine = keyof typeof ROUTINES;

/** A letter that says what to do, a whole number, a double, or an array that is read or written. */
export type Argument = 'N' | 'T' | 'L' | number | { double: number } | Float64Array | BigInt64Array;

export interface Lapack {
  /** As the loader found it. */
  readonly name: string;
  /** Calls a routine of Fortran; `info` is written to the argument that has it. */
  call(routine: Routine, ...args: Argument[]): void;
}

type Koffi = typeof import('koffi');

let loaded: { name: string; lapack: Lapack | undefined } | undefined;

/**
 * @returns undefined where none is installed
 * @throws CodecLmError `TOOL_MISSING` for a library named in CODEC_LM_LAPACK that does not load
 */
export function findLapack(env: NodeJS.ProcessEnv = process.env): Lapack | undefined {
  const named = env.CODEC_LM_LAPACK ?? '';
  if (loaded?.name !== named) loaded = { name: named, lapack: find(named) };
  return loaded.lapack;
}

function find(named: string): Lapack | undefined {
  if (named === 'none' || (named === '' && !hasOptional('koffi'))) return undefined;
  const koffi = loadOptional<Koffi>('koffi', 'BLAS and LAPACK');
  const names = named === '' ? (NAMES[process.platform] ?? []) : [named];
  const failures: string[] = [];
  for (const name of names) {
    try {
      return bind(koffi.load(name), name);
    } catch (error) {
      failures.push(messageOf(error));
    }
  }
  if (named === '') return undefined;
  throw new CodecLmError('TOOL_MISSING', `${named} is no library of BLAS and LAPACK`, {
    path: named,
    cause: failures.join('\n'),
    hint: 'set CODEC_LM_LAPACK to the path of a libopenblas, to `none`, or not at all',
  });
}

/** @throws where a routine is missing under each spelling */
function bind(library: ReturnType<Koffi['load']>, name: string): Lapack {
  const failures: string[] = [];
  for (const spelled of SPELLINGS) {
    try {
      const routines = Object.entries(ROUTINES).map(([routine, count]) => {
        const types = new Array<string>(count).fill('void *');
        return [routine, library.func(spelled(routine), 'void', types)];
      });
      const calls = Object.fromEntries(routines) as Record<Routine, (...args: object[]) => void>;
      return { name, call: (routine, ...args) => calls[routine](...args.map(inMemory)) };
    } catch (error) {
      failures.push(messageOf(error));
    }
  }
  throw new Error(failures.join('\n'));
}

/** Fortran takes addresses. Whole numbers have 64 bits, of which a library with 32 reads the first. */
function inMemory(argument: Argument): object {
  if (typeof argument === 'string') return Buffer.from(argument);
  if (typeof argument === 'number') return BigInt64Array.of(BigInt(argument));
  return 'double' in argument ? Float64Array.of(argument.double) : argument;
}
