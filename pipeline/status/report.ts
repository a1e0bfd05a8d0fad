/** What a run tells while it works: a progress line and messages for people, events for programs. */

import { formatBar, formatBytes, formatCount, formatDuration } from '../../base/format.ts';
import type { LockWait } from '../../base/lock/lock.ts';
import type { Io } from '../../cli/command.ts';
import type { Failure, Manifest, PartitionStats } from '../../schemas/dataset.ts';
import type { Plan } from '../../schemas/plan.ts';
import type { Batch } from '../encode/encode.ts';
import { formatCodes } from './failures.ts';
import { Rate } from './rate.ts';

/** Failures shown as they happen; all of them stand in failures/. */
const SHOWN_FAILURES = 5;

export interface ReportOptions {
  json: boolean;
  quiet: boolean;
}

export class Report {
  private readonly io: Io;
  private readonly options: ReportOptions;
  private readonly noun: string;
  private readonly started = performance.now();
  private shown = 0;
  private work = { inputs: 0, partitions: 0 };
  private before = { inputs: 0, partitions: 0 };
  private now = { inputs: 0, partitions: 0, failures: 0 };
  private rate = new Rate();
  private waits = false;

  /** @param noun what an input is called */
  constructor(io: Io, options: ReportOptions, noun = 'input') {
    this.io = io;
    this.options = options;
    this.noun = noun;
  }

  /** A process that may have died elsewhere has the lock. */
  waiting({ who, path, silentMs, staleMs }: LockWait): void {
    const ofSeconds = staleMs / 1000;
    if (!this.waits) {
      this.waits = true;
      this.event('waiting', { who, path, ofSeconds });
      this.say(`${who} has the lock; it counts as dead after ${ofSeconds} s without a heartbeat`);
    }
    this.progress(`no heartbeat for ${Math.floor(silentMs / 1000)} of ${ofSeconds} s`);
  }

  listing(found: number): void {
    this.progress(`listing the sources: ${formatCount(found)} ${this.noun}s`);
  }

  freezing(done: number, of: number): void {
    this.progress(() => `writing the plan ${formatBar(done / of)} ${done}/${of} partitions`);
  }

  planned(plan: Plan, partitions: number, isNew: boolean): void {
    const { duplicates, ignored, problems } = plan.listing;
    this.event('plan', {
      inputs: plan.inputs,
      partitions,
      isNew,
      ...plan.listing,
    });
    if (!isNew) return;
    const { valFraction } = plan.config;
    const heldOut = valFraction > 0 ? `, ${valFraction * 100} % of their documents held out` : '';
    this.say(
      `planned ${count(plan.inputs, this.noun)} in ${count(partitions, 'partition')}${heldOut}`,
    );
    if (duplicates > 0) this.say(`${count(duplicates, 'input')} named more than once, taken once`);
    const others = Object.entries(ignored);
    if (others.length > 0) {
      const what = others.map(([extension, n]) => `${formatCount(n)} ${extension}`).join(', ');
      this.say(`passed over, not named as ${this.noun}s: ${what}`);
    }
    for (const { path, problem } of problems) this.say(`not listed: ${path}: ${problem}`);
  }

  sampling(done: number, of: number): void {
    this.progress(
      () => `encoding a sample for the tokenizer ${formatBar(done / of)} ${done}/${of}`,
    );
  }

  learning(documents: number, bytes: number, merges: number): void {
    const size = formatBytes(bytes);
    this.progress(`learning ${merges} merges on ${count(documents, 'document')} (${size})`);
  }

  tokenizer(vocabSize: number, merges: number, hash: string, isNew: boolean): void {
    this.event('tokenizer', { vocabSize, merges, hash, isNew });
    if (isNew) this.say(`tokenizer: ${count(merges, 'merge')}, ${vocabSize} ids`);
  }

  /** @param done what earlier runs did of this share */
  begin(
    work: { inputs: number; partitions: number },
    done: { inputs: number; partitions: number },
  ): void {
    this.work = work;
    this.before = done;
    this.now = { inputs: 0, partitions: 0, failures: 0 };
    this.rate = new Rate();
    if (done.partitions > 0) {
      const of = `${formatCount(done.partitions)} of ${formatCount(work.partitions)} partitions`;
      this.say(`going on: ${of} are done`);
    }
  }

  batch({ documents, failures, sourceBytes, reused }: Batch<unknown>): void {
    const inputs = documents.length + failures.length;
    this.now.inputs += inputs;
    // What the tokenizer's sample had encoded already says nothing of the time to go.
    this.rate.add(inputs - reused.documents, sourceBytes - reused.sourceBytes);
    for (const failure of failures) this.failure(failure);
    this.progress(() => this.line());
  }

  partition(name: string, stats: PartitionStats): void {
    this.now.partitions++;
    const { inputs, documents, failures, tokens, seconds } = stats;
    const rows = stats.shards.reduce((sum, shard) => sum + shard.rows, 0);
    this.event('partition', {
      name,
      inputs,
      documents,
      failures,
      tokens,
      rows,
      seconds: seconds.total,
    });
    this.progress(() => this.line());
  }

  note(message: string): void {
    this.say(message);
  }

  done(out: string, { totals, shards }: Manifest, isNew: boolean): void {
    this.io.progress.done();
    this.event('done', { out, isNew, shards: shards.length, ...totals });
    const size = `${count(totals.documents, 'document')}, ${formatCount(totals.tokens)} tokens in ${count(totals.rows, 'sequence')}, ${count(shards.length, 'shard')} of ${formatBytes(totals.shardBytes)}`;
    const time = isNew ? ` in ${formatDuration((performance.now() - this.started) / 1000)}` : '';
    this.say(isNew ? `${out}: ${size}${time}` : `${out} is complete already: ${size}`);
    if (totals.failures > 0) {
      const codes = formatCodes(totals.failuresByCode);
      this.say(`${count(totals.failures, 'input')} failed (${codes}); see ${out}/failures/`);
    }
    // Said under --quiet too: nothing else in the output would tell that inputs are missing.
    if (totals.unread) this.io.log(unreadLine(out, totals.unread));
  }

  private failure(failure: Failure): void {
    this.now.failures++;
    this.event('failure', { ...failure });
    if (this.shown++ < SHOWN_FAILURES) this.say(`failed: ${failure.message} [${failure.code}]`);
    if (this.shown === SHOWN_FAILURES + 1) this.say('further failures are only counted here');
  }

  private line(): string {
    const { inputs, partitions, failures } = this.now;
    const done = this.before.inputs + inputs;
    const left = this.work.inputs - done;
    // A rate is only known after a second of work that the sample had not done already.
    const rate = this.rate.perSecond();
    const parts = [
      `${formatBar(done / this.work.inputs)} ${formatCount(done)}/${formatCount(this.work.inputs)} ${this.noun}s`,
      rate && `${formatRate(rate.inputs)} ${this.noun}s/s  ${(rate.bytes / 1e6).toFixed(1)} MB/s`,
      `${this.before.partitions + partitions}/${this.work.partitions} partitions`,
      `${formatCount(failures)} failed`,
      rate && left > 0 && `ETA ${formatDuration(left / rate.inputs)}`,
    ];
    return parts.filter(Boolean).join('  ');
  }

  private say(line: string): void {
    if (!this.options.quiet) this.io.log(line);
  }

  private progress(line: string | (() => string)): void {
    if (!this.options.quiet) this.io.progress.update(line);
  }

  private event(event: string, fields: Record<string, unknown>): void {
    if (this.options.json) this.io.printJson({ event, ...fields });
  }
}

/** What a dataset lacks, and nobody knows how much of it. */
function unreadLine(out: string, unread: number): string {
  const places = unread === 1 ? '1 place' : `${formatCount(unread)} places`;
  return `inputs are missing: ${places} in the sources could not be read to the end; see problems in ${out}/plan.json`;
}

/** Videos may take seconds each. */
function formatRate(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : rate.toFixed(0);
}

/** `1 image`, `1,234 images` */
function count(n: number, what: string): string {
  return `${formatCount(n)} ${what}${n === 1 ? '' : 's'}`;
}
