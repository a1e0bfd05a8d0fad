/** Makes the plan of a dataset: lists the sources once, and freezes the result. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { CodecLmError } from '../../base/error.ts';
import { makeFolder } from '../../base/files.ts';
import type { Lock } from '../../base/lock/lock.ts';
import { PLAN_VERSION, type Plan, type PlanConfig } from '../../schemas/plan.ts';
import { linesOfInputs } from '../clips/lines.ts';
import { ColumnCollector } from '../columns/collector.ts';
import { checkDuplicate } from '../columns/duplicates.ts';
import { paths, writeJson } from '../files.ts';
import { ListingLog, listInputs } from '../sources/list-inputs.ts';
import {
  baseOf,
  formatInput,
  type Input,
  type ListingContext,
  parseInput,
  sourceFileOf,
} from '../sources/source.ts';
import { type ByteString, fromText } from './byte-strings.ts';
import { draftPlan, type PlanDraft } from './draft.ts';
import { Spool } from './order.ts';
import { type Partition, partitionsOf, sha256 } from './plan.ts';

export interface PlanRequest {
  out: string;
  config: PlanConfig;
  /** Word for an input in messages. */
  noun: string;
  extensions: ReadonlySet<string>;
  signal?: AbortSignal;
  /** Called at intervals with the number of inputs found so far. */
  onFound?: (count: number) => void;
  /** Called for each partition after its list is written. */
  onFrozen?: (done: number, of: number) => void;
}

type Locked = PlanRequest & { lock: Pick<Lock, 'check'> };

/**
 * Lists the sources once and freezes the result: lists first, plan.json last, so that an incomplete
 * plan does not count as a plan.
 * @throws CodecLmError `INPUT_EMPTY` when there are no inputs
 */
export async function makePlan(request: Locked): Promise<Plan> {
  const { out, config, lock } = request;
  let spool: Spool | undefined;
  const draft = await draftPlan(out);
  try {
    const found = await spoolInputs(request, draft.spool);
    const { log, columns } = found;
    spool = found.spool;
    await draft.begin(lock);
    const frozen = await freezeLists(request, spool, log, columns, draft);
    await draft.publish(lock);
    const plan: Plan = {
      planVersion: PLAN_VERSION,
      config,
      ...frozen,
      listing: log.listing,
      ...(columns ? { columns: columns.resolve() } : {}),
    };
    await lock.check();
    await writeJson(paths.plan(out), plan);
    return plan;
  } finally {
    spool?.close();
    // If the lock is lost, another process has its own draft there.
    const isLost = await lock.check().then(
      () => false,
      () => true,
    );
    await draft.remove(isLost);
  }
}

/** Inputs that the dataset has already, so that only new ones are listed. */
export interface Before {
  /** Index of the first source that is listed. */
  firstSource: number;
  /** Whether an input is there already, by its identity. */
  has(identity: string): boolean;
  /** Whether a column may have no value at all. */
  mayLackColumns: boolean;
}

/**
 * Lists the inputs without freezing them: for --dry-run, and to extend a dataset.
 * @param before what is there already; nothing in a new dataset
 */
export async function spoolInputs(
  { out, config, noun, extensions, signal, onFound }: PlanRequest,
  spoolPath: string,
  before?: Before,
): Promise<{ spool: Spool; log: ListingLog; columns?: ColumnCollector }> {
  const { sources, seed } = config;
  const bases = sources.map(baseOf);
  const collector = config.columns && new ColumnCollector(config.columns);
  const log = new ListingLog();
  const context: ListingContext = {
    report: log,
    extensions,
    visited: new Set(),
    excluded: fromText(out),
    columns: collector,
    signal,
  };
  await makeFolder(join(spoolPath, '..'));
  const spool = new Spool(spoolPath, {
    findDuplicates: before !== undefined || sources.length > 1 || sources[0].startsWith('@'),
  });
  try {
    for await (const input of listInputs(sources, context, before?.firstSource)) {
      const identity = identityOf(bases, input);
      if (before?.has(identity)) {
        log.listing.duplicates++;
        continue;
      }
      collector?.count(input.values, config.clips?.perVideo);
      const orderKey = `${seed}\0${input.source}\0${nameInSource(input)}`;
      spool.add(formatInput(input), orderKey, identity);
      if (spool.length % 1000 === 0) onFound?.(spool.length);
    }
  } catch (error) {
    spool.close();
    throw error;
  }
  if (spool.length === 0 && log.listing.duplicates === 0) {
    spool.close();
    throw emptyError(noun, sources, log);
  }
  const columns = collector && collector.specs.length > 0 ? collector : undefined;
  try {
    // Types are decided before anything is written.
    if (!before?.mayLackColumns) columns?.resolve();
  } catch (error) {
    spool.close();
    throw error;
  }
  return { spool, log, columns };
}

/** What happens to rows that name the same file. */
export function onDuplicateOf(
  { sources, columns, clips }: PlanConfig,
  collector: ColumnCollector | undefined,
): ((kept: string, dropped: string) => void) | undefined {
  if (!columns) return undefined;
  return (kept, dropped) => {
    checkDuplicate(kept, dropped, sources);
    collector?.count(parseInput(dropped).values, -(clips?.perVideo ?? 1));
  };
}

/** Text that is equal for two inputs that are the same file. */
export function identityOf(bases: readonly ByteString[], input: Input): string {
  return `${sourceFileOf(bases, input)}\0${input.member?.name ?? ''}`;
}

/** Name relative to the source, so that a folder and a tar of it give the same order. */
function nameInSource({ path, member }: Input): string {
  if (!member) return path;
  return path === '' ? member.name : `${path}/${member.name}`;
}

function emptyError(
  noun: string,
  sources: readonly string[],
  { listing }: ListingLog,
): CodecLmError {
  const ignored = Object.entries(listing.ignored).map(([what, count]) => `${count} ${what}`);
  const found = ignored.length > 0 ? `only other files (${ignored.join(', ')})` : 'no files';
  const problem = listing.problems[0];
  const why = problem ? `; ${problem.path}: ${problem.problem}` : '';
  return new CodecLmError('INPUT_EMPTY', `no ${noun}s in ${sources.join(' ')}: ${found}${why}`);
}

/** Writes the lists of all partitions, one at a time, so that signals are handled in between. */
async function freezeLists(
  request: PlanRequest,
  spool: Spool,
  log: ListingLog,
  columns: ColumnCollector | undefined,
  draft: PlanDraft,
) {
  const { config, signal } = request;
  const { duplicates, ...files } = spool.finish(onDuplicateOf(config, columns));
  const { count, lines } = linesOfInputs(files, config);
  log.listing.duplicates = duplicates;
  const partitions = partitionsOf({ inputs: count }, config.partitionSize);
  const hashes = await writeLists(lines, partitions, 0, {
    signal,
    write: (name, text) => draft.write(name, text),
    onFrozen: request.onFrozen,
  });
  return { inputs: count, ...hashes };
}

/**
 * Writes the list of each partition.
 * @param firstDoc id of the first input
 */
export async function writeLists(
  lines: Iterator<string>,
  partitions: readonly Partition[],
  firstDoc: number,
  { signal, write, onFrozen }: Pick<PlanRequest, 'signal' | 'onFrozen'> & Pick<PlanDraft, 'write'>,
): Promise<{ inputsHash: string; listHashes: string[] }> {
  const hash = createHash('sha256');
  const listHashes: string[] = [];
  let docId = firstDoc;
  for (const partition of partitions) {
    await turn();
    signal?.throwIfAborted();
    let text = '';
    for (let i = 0; i < partition.count; i++) text += `${docId++}\t${lines.next().value}\n`;
    hash.update(text);
    listHashes.push(sha256(text));
    await write(partition.name, text);
    onFrozen?.(listHashes.length, partitions.length);
  }
  return { inputsHash: hash.digest('hex'), listHashes };
}
