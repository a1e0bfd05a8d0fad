/**
 * The C interface of an installed MPI, through FFI: functions of the MPI standard (version 3.1),
 * and the constants that differ between implementations. Handles are addresses of symbols in Open
 * MPI, integers in MPICH's ABI, and small numbers as wide as an address in the standard ABI (MPI
 * 5.0, chapter 20; MPICH 5 and others have it as `libmpi_abi`).
 */
import { CodecLmError, messageOf } from '../../base/error.ts';
import { loadOptional } from '../../base/optional.ts';

/** An MPI handle: an address or an integer, never dereferenced. */
export type MpiHandle = bigint | number;
/** Memory that MPI reads or writes; a number is one of MPI's special addresses. */
type Address = Numbers | Int32Array | BigUint64Array | Uint8Array | bigint | null;
type Numbers = Float32Array | Float64Array;
type Call = (...args: (MpiHandle | Address)[]) => number;

export interface MpiConstants {
  world: MpiHandle;
  float: MpiHandle;
  double: MpiHandle;
  sum: MpiHandle;
  max: MpiHandle;
  errorsReturn: MpiHandle;
  inPlace: bigint;
  statusIgnore: bigint;
}

/** The MPI functions that are called; each returns an error class, 0 for success. */
const FUNCTIONS = {
  MPI_Init_thread: ['void *', 'void *', 'int', 'void *'],
  MPI_Comm_rank: ['comm', 'void *'],
  MPI_Comm_size: ['comm', 'void *'],
  MPI_Comm_set_errhandler: ['comm', 'handle'],
  MPI_Comm_split: ['comm', 'int', 'int', 'void *'],
  MPI_Iallreduce: ['void *', 'void *', 'int', 'handle', 'handle', 'comm', 'void *'],
  MPI_Ireduce_scatter: ['void *', 'void *', 'void *', 'handle', 'handle', 'comm', 'void *'],
  MPI_Iallgatherv: [
    ...['void *', 'int', 'handle', 'void *', 'void *', 'void *', 'handle', 'comm', 'void *'],
  ],
  MPI_Ibcast: ['void *', 'int', 'handle', 'int', 'comm', 'void *'],
  MPI_Ibarrier: ['comm', 'void *'],
  MPI_Test: ['void *', 'void *', 'void *'],
  MPI_Error_string: ['int', 'void *', 'void *'],
  MPI_Abort: ['comm', 'int'],
  MPI_Finalize: [],
} as const;

export interface MpiLibrary {
  /** Name under which the library was loaded. */
  name: string;
  functions: Readonly<Record<keyof typeof FUNCTIONS, Call>>;
  constants: MpiConstants;
}

const MPICH_CONSTANTS: MpiConstants = {
  world: 0x44000000,
  float: 0x4c00040a,
  double: 0x4c00080b,
  sum: 0x58000003,
  max: 0x58000001,
  errorsReturn: 0x54000001,
  inPlace: 0xffff_ffff_ffff_ffffn,
  statusIgnore: 1n,
};

const STANDARD_CONSTANTS: MpiConstants = {
  world: 0x101n,
  float: 0x210n,
  double: 0x214n,
  sum: 0x21n,
  max: 0x23n,
  errorsReturn: 0x143n,
  inPlace: 1n,
  statusIgnore: 0n,
};

/**
 * @param names names to try, in this order
 * @throws CodecLmError `MPI_UNAVAILABLE` when FFI or the library is missing
 */
export async function loadMpi(names: readonly string[]): Promise<MpiLibrary> {
  const koffi = loadOptional<Koffi>('koffi', 'several ranks');
  const failures: string[] = [];
  for (const name of names) {
    try {
      // Open MPI's plug-ins look for its symbols in the global namespace.
      return bind(koffi.load(name, { global: true }), name);
    } catch (error) {
      failures.push(messageOf(error));
    }
  }
  throw new CodecLmError(
    'MPI_UNAVAILABLE',
    `several ranks were launched, but no MPI library was found: tried ${names.join(', ')}`,
    {
      cause: failures.join('\n'),
      hint: 'install Open MPI or MPICH (the one of the launcher), or set CODEC_LM_MPI to the path of its libmpi',
    },
  );
}

type Koffi = typeof import('koffi');

function bind(library: ReturnType<Koffi['load']>, name: string): MpiLibrary {
  const constants =
    openMpiConstants(library) ?? (speaksStandard(library) ? STANDARD_CONSTANTS : MPICH_CONSTANTS);
  const handle = typeof constants.world === 'bigint' ? 'void *' : 'int';
  const functions = Object.entries(FUNCTIONS).map(([symbol, types]) => {
    const args = types.map((type) => (type === 'comm' || type === 'handle' ? handle : type));
    return [symbol, library.func(symbol, 'int', args)];
  });
  return { name, functions: Object.fromEntries(functions) as MpiLibrary['functions'], constants };
}

/** @returns undefined for a library that is not Open MPI */
function openMpiConstants(library: ReturnType<Koffi['load']>): MpiConstants | undefined {
  try {
    const world = library.symbol('ompi_mpi_comm_world');
    return {
      world,
      float: library.symbol('ompi_mpi_float'),
      double: library.symbol('ompi_mpi_double'),
      sum: library.symbol('ompi_mpi_op_sum'),
      max: library.symbol('ompi_mpi_op_max'),
      errorsReturn: library.symbol('ompi_mpi_errors_return'),
      inPlace: 1n,
      statusIgnore: 0n,
    };
  } catch {
    return undefined;
  }
}

/**
 * Whether the library has the ABI of MPI 5. A library may have the function without the ABI: then
 * the version is -1.
 */
function speaksStandard(library: ReturnType<Koffi['load']>): boolean {
  try {
    const [major, minor] = [new Int32Array(1), new Int32Array(1)];
    const status = library.func('MPI_Abi_get_version', 'int', ['void *', 'void *'])(major, minor);
    return status === 0 && major[0] >= 1;
  } catch {
    return false;
  }
}

/** Longest version string of any implementation (MPI_MAX_LIBRARY_VERSION_STRING of MPICH). */
const MAX_VERSION_STRING = 8192;

/**
 * Libraries that were asked for their version stay loaded: koffi closes one when the collector takes its object, and what MPI
 * has loaded leaves handlers behind.
 */
const asked: unknown[] = [];

/**
 * The MPI libraries of this machine, by the version that they report: `Open MPI v4.1.4`.
 * @param names names for the system's loader
 * @returns the name of the first library of each version; empty without koffi
 */
export function mpiVersions(names: readonly string[]): Map<string, string> {
  const versions = new Map<string, string>();
  for (const name of names) {
    try {
      const library = loadOptional<Koffi>('koffi', 'several ranks').load(name);
      asked.push(library);
      const read = library.func('MPI_Get_library_version', 'int', ['void *', 'void *']);
      const [text, length] = [Buffer.alloc(MAX_VERSION_STRING), new Int32Array(1)];
      read(text, length);
      const [line] = text.toString('utf8', 0, length[0]).split(/[,\n]/);
      const version = line.replace(/\s+/g, ' ').replace(' Version:', '').trim();
      if (!versions.has(version)) versions.set(version, name);
    } catch {
      // Not installed: try the next name.
    }
  }
  return versions;
}
