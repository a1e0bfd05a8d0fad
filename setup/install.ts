/**
 * Sets up the native backend: tries the routes in a folder beside the final one and renames that
 * folder into place last, under a lock. If it is killed at any moment, it leaves nothing half-used.
 */
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lock } from 'proper-lockfile';
import { CodecLmError, systemCode } from '../base/error.ts';
import { writeError } from '../base/file-error.ts';
import {
  findInstalled,
  type Installed,
  type InstalledManifest,
  MANIFEST,
  nativeDir,
} from '../compute/installed.ts';
import { checkBinding } from './compile.ts';
import { packageRoute } from './package-route.ts';
import { type Route, type RouteContext, wheelRoute } from './routes.ts';

const LOCK_POLL_MS = 300;

/** A holder that has not touched its lock for this long is dead. */
const LOCK_STALE_MS = 15_000;

export interface Failure {
  route: string;
  error: CodecLmError;
}

export interface Outcome {
  /** undefined when every route failed. */
  installed?: Installed;
  /** Routes that were tried and failed. */
  failures: Failure[];
  /** True when it was already set up, and nothing was done. */
  already: boolean;
}

/** The parts that a test replaces: the routes, and loading the result. */
export interface InstallParts {
  routes?: Route[];
  check?: (binding: string, signal?: AbortSignal) => Promise<string>;
}

/** @throws CodecLmError INTERRUPTED, OUTPUT_UNWRITABLE, DISK_FULL for the cache folder itself */
export async function install(context: RouteContext, parts: InstallParts = {}): Promise<Outcome> {
  const found = findInstalled(context.variant);
  if (found) return { installed: found, failures: [], already: true };
  const dir = nativeDir(context.variant);
  await mkdir(dirname(dir), { recursive: true }).catch((error) => {
    throw writeError(error, dirname(dir), 'creating');
  });
  const held = await takeLock(dir, context);
  try {
    const done = findInstalled(context.variant);
    if (done) return { installed: done, failures: [], already: true };
    await removeLeftovers(dir);
    return await tryRoutes(dir, { ...context, signal: held.signal }, parts);
  } finally {
    await held.release();
  }
}

async function tryRoutes(dir: string, context: RouteContext, parts: InstallParts) {
  const failures: Failure[] = [];
  for (const route of parts.routes ?? [wheelRoute, packageRoute]) {
    const temporary = await mkdtemp(`${dir}.tmp-`);
    try {
      const built = await route.build(temporary, context);
      const check = parts.check ?? checkBinding;
      const libtensorflow = await check(join(temporary, built.binding), context.signal);
      const manifest: InstalledManifest = { libtensorflow, variant: context.variant, ...built };
      await writeFile(join(temporary, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
      context.signal?.throwIfAborted();
      // A folder without a manifest is not an installation: it may be replaced.
      await rm(dir, { recursive: true, force: true });
      await rename(temporary, dir);
      return { installed: findInstalled(context.variant), failures, already: false };
    } catch (error) {
      if (context.signal?.aborted) throw new CodecLmError('INTERRUPTED', 'set-up was interrupted');
      failures.push({ route: route.name, error: asOurs(error, route) });
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }
  return { failures, already: false };
}

function asOurs(error: unknown, route: Route): CodecLmError {
  if (error instanceof CodecLmError) return error;
  if (systemCode(error)) return writeError(error, 'the cache folder', `${route.name}: writing`);
  // A bug in this project: do not continue silently.
  throw error;
}

interface Held {
  /** Aborted by the caller's signal, or when the lock was lost to another process. */
  signal: AbortSignal;
  release(): Promise<void>;
}

async function takeLock(dir: string, context: RouteContext): Promise<Held> {
  let told = false;
  for (;;) {
    if (context.signal?.aborted) throw new CodecLmError('INTERRUPTED', 'set-up was interrupted');
    const lost = new AbortController();
    try {
      const release = await lock(dir, {
        realpath: false,
        stale: LOCK_STALE_MS,
        // The machine slept: another set-up may hold the lock now.
        onCompromised: (error) => lost.abort(error),
      });
      const signals = context.signal ? [context.signal, lost.signal] : [lost.signal];
      const free = () => (lost.signal.aborted ? Promise.resolve() : release());
      return { signal: AbortSignal.any(signals), release: free };
    } catch (error) {
      if (systemCode(error) !== 'ELOCKED') throw writeError(error, dir, 'locking');
    }
    if (!told) context.log('another set-up is running; waiting for it');
    told = true;
    await sleep(LOCK_POLL_MS);
  }
}

/**
 * Under the lock nobody else builds: folders beside the final one belong to set-ups that were
 * killed.
 */
async function removeLeftovers(dir: string): Promise<void> {
  for (const name of await readdir(dirname(dir))) {
    if (name.startsWith(`${basename(dir)}.tmp-`)) {
      await rm(join(dirname(dir), name), { recursive: true, force: true });
    }
  }
}
