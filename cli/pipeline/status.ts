/** `pipeline status` for people. */

import { formatBar, formatClips, formatCount, formatDuration } from '../../base/format.ts';
import { isQueueRank } from '../../pipeline/queue/ranks.ts';
import type { QueueStatus } from '../../pipeline/queue/status.ts';
import type { Status } from '../../pipeline/status/status.ts';
import { formatCodes } from './codes.ts';

export function formatStatus(
  out: string,
  status: Status,
  queue: QueueStatus | null = null,
): string {
  const { partitions, inputs, failures, processes, inputsPerSecond, etaSeconds } = status;
  const left = partitions.total - partitions.done;
  const lines: [string, string][] = [
    ['dataset', out],
    ['state', stateText(status, left)],
    ['partitions', `${share(partitions)}, ${formatCount(left)} left`],
    ['inputs', `${formatBar(inputs.done / inputs.total)} ${share(inputs)}`],
    ['documents', `${formatCount(status.documents)}, ${formatCount(status.tokens)} tokens`],
    ['failed', failures === 0 ? '0' : `${failures} (${formatCodes(status.failuresByCode)})`],
  ];
  const { filteredByReason, clips } = status;
  if (clips) lines.splice(4, 0, ['clips', formatClips(clips, inputs.total)]);
  if (filteredByReason) lines.push(['left out', formatCodes(filteredByReason) || 'none']);
  if (status.unread > 0) {
    const count = `${formatCount(status.unread)} ${status.unread === 1 ? 'place' : 'places'}`;
    const places = `${count} in the sources; see problems in plan.json`;
    lines.push(['not read', places]);
  }
  if (status.retry) {
    const { round, inputs: again, documents } = status.retry;
    const came = `${formatCount(documents)} came out right`;
    lines.push(['retry', `round ${round}: ${share(again)} failed inputs run again, ${came}`]);
  }
  if (status.extension) {
    const { round, inputs: added, documents } = status.extension;
    const came = `${formatCount(documents)} documents`;
    lines.push(['extension', `round ${round}: ${share(added)} new inputs, ${came}`]);
  }
  for (const { host, pid, rank, size } of processes) {
    const who = isQueueRank({ size }) ? 'worker of a queue' : `rank ${rank} of ${size}`;
    lines.push(['process', `${pid} on ${host}, ${who}`]);
  }
  if (queue) lines.push(['queue', `${queue.waiting} waiting, ${queue.failed} given up`]);
  for (const { partition, worker, tries, seconds } of queue?.leases ?? []) {
    const left = seconds === null ? 'its lease has run out' : `lease for ${seconds.toFixed(1)} s`;
    lines.push(['lease', `${partition} by ${worker}, try ${tries}, ${left}`]);
  }
  if (inputsPerSecond !== null) lines.push(['rate', `${inputsPerSecond.toFixed(0)} inputs/s`]);
  if (etaSeconds !== null) lines.push(['to go', formatDuration(etaSeconds)]);
  return lines.map(([name, value]) => `${name.padEnd(11)} ${value}`).join('\n');
}

function stateText({ state, tokenizer, retry, extension }: Status, left: number): string {
  if (state !== 'stopped') return state;
  if (extension) return 'stopped in an extension; the same pipeline extend command goes on';
  if (retry) return 'stopped in --retry-failed; the same pipeline run command goes on';
  if (left === 0) return 'all partitions done; finish it with pipeline finalize';
  const phase = tokenizer ? '' : ' before the tokenizer was learned';
  return `stopped${phase}; the same pipeline run command goes on`;
}

function share({ done, total }: { done: number; total: number }): string {
  return `${formatCount(done)} of ${formatCount(total)}`;
}
