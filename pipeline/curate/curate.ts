/**
 * Curation of a plan: a survey of all inputs, then one decision for each, frozen in the plan. An input
 * that is left out keeps its number and is counted as filtered, not as failed.
 */
import { CodecLmError } from '../../base/error.ts';
import { parentOf, storageAt } from '../../base/storage/index.ts';
import {
  type Curated,
  type Curation,
  type Filtered,
  surveySchema,
} from '../../schemas/curation.ts';
import type { Plan } from '../../schemas/plan.ts';
import type { PipelineEvent } from '../events.ts';
import { paths, readJson, writeJson, writeText } from '../files.ts';
import { inputsOf, type Partition, partitionsOf, readList, sha256 } from '../plan/plan.ts';
import { labelOf } from '../sources/source.ts';
import { addCodes, countReasons } from '../status/failures.ts';
import { type Decider, type Decision, decider } from './decide.ts';
import { isLaterClip, type SurveyRequest, survey } from './survey.ts';

export interface CurateRequest
  extends Omit<SurveyRequest, 'partitions' | 'curation' | 'onProgress'> {
  emit: (event: PipelineEvent) => void;
}

/**
 * @returns the plan with its decisions
 * @throws CodecLmError `DATASET_INVALID` for a survey that was changed by hand
 */
export async function curatePlan(plan: Plan, request: CurateRequest): Promise<Plan> {
  const { out, lock, emit } = request;
  const { curation, partitionSize } = plan.config;
  if (!curation || plan.curated) return plan;
  const partitions = partitionsOf(plan, partitionSize);
  const curated = await curatePartitions(partitions, curation, decider(curation), request);
  await lock.check();
  const whole = { ...plan, curated };
  await writeJson(paths.plan(out), whole);
  await storageAt(out).removeAll(paths.surveys(out));
  emit({ type: 'curated', filteredByReason: curated.filteredByReason, inputs: plan.inputs });
  return whole;
}

/**
 * Surveys partitions and writes what is left out of each.
 * @param decide is called for their inputs in order
 */
export async function curatePartitions(
  partitions: readonly Partition[],
  curation: Curation,
  decide: Decider,
  request: CurateRequest,
): Promise<Curated> {
  const { out, lock, emit } = request;
  for (const folder of [paths.surveys(out), parentOf(paths.filtered(out, ''))]) {
    await storageAt(out).makeFolder(folder);
  }
  const total = inputsOf(partitions);
  const onProgress = (done: number) => emit({ type: 'measuring', done, total });
  await survey({ ...request, partitions, curation, onProgress });
  const curated: Curated = { filteredByReason: {}, hashes: [] };
  for (const partition of partitions) {
    request.signal.throwIfAborted();
    const filtered = await decidePartition(partition, decide, request);
    const text = filtered.map((line) => `${JSON.stringify(line)}\n`).join('');
    if (text === '') {
      curated.hashes.push(null);
      continue;
    }
    await lock.check();
    await writeText(paths.filtered(out, partition.name), text);
    curated.hashes.push(sha256(text));
    curated.filteredByReason = addCodes(curated.filteredByReason, countReasons(filtered));
  }
  return curated;
}

async function decidePartition(
  partition: Partition,
  decide: Decider,
  { out, bases }: Pick<SurveyRequest, 'out' | 'bases'>,
): Promise<Filtered[]> {
  const path = paths.survey(out, partition.name);
  const surveyed = await readJson(path, surveySchema);
  if (surveyed?.length !== partition.count) {
    throw new CodecLmError('DATASET_INVALID', `${path} does not hold ${partition.count} inputs`, {
      path,
      hint: 'remove it: the partition is then surveyed again',
    });
  }
  const inputs = await readList(out, partition);
  let decision: Decision | undefined;
  return inputs.flatMap(({ docId, input }, i) => {
    // A decision about a video holds for all of its clips, which are no duplicates of each other.
    if (!isLaterClip(input)) {
      const found = surveyed[i];
      decision = found ? decide(docId, found) : undefined;
    }
    return decision ? { input: docId, source: labelOf(bases, input), ...decision } : [];
  });
}
