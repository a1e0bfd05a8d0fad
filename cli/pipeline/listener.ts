/** Shows the events of a run: as a progress line and messages for people, as JSON for programs. */
import { formatBar, formatBytes, formatCount, formatDuration } from '../../base/format.ts';
import type { LockWait } from '../../base/lock/lock.ts';
import type { BatchEvent, DoneEvent, PipelineEvent, PlanEvent } from '../../pipeline/events.ts';
import { remedyOf } from '../../pipeline/status/failures.ts';
import { isClipReason } from '../../schemas/clips.ts';
import type { Failure } from '../../schemas/dataset.ts';
import { describeColumn } from '../columns.ts';
import type { Io } from '../command.ts';
import { formatCodes } from './codes.ts';
import { Rate } from './rate.ts';

/** Most failures that are shown as they happen; failures/ has all of them. */
const SHOWN_FAILURES = 5;

export interface ListenerOptions {
  json: boolean;
  quiet: boolean;
}

type Learning = Extract<PipelineEvent, { type: 'learning' }>;

export class PipelineListener {
  readonly #io: Io;
  readonly #options: ListenerOptions;
  #noun: string;
  readonly #started = performance.now();
  #shown = 0;
  #work = { inputs: 0, partitions: 0 };
  #before = { inputs: 0, partitions: 0 };
  #now = { inputs: 0, partitions: 0, failures: 0 };
  #rate = new Rate();
  #waits = false;

  /** @param noun word for an input */
  constructor(io: Io, options: ListenerOptions, noun = 'input') {
    this.#io = io;
    this.#options = options;
    this.#noun = noun;
  }

  /** Shows one event; pass it as `onEvent`. */
  readonly listen = (event: PipelineEvent): void => {
    const json = jsonOf(event);
    if (json && this.#options.json) this.#io.printJson(json);
    this.#show(event);
  };

  #show(event: PipelineEvent): void {
    const noun = this.#noun;
    switch (event.type) {
      case 'lock-wait':
        this.#wait(event);
        break;
      case 'listing':
        this.#progress(`listing the sources: ${formatCount(event.found)} ${noun}s`);
        break;
      case 'freezing':
        this.#progress(() => `writing the plan ${barOf(event)} partitions`);
        break;
      case 'plan':
        this.#plan(event);
        break;
      case 'measuring':
        this.#progress(() => `measuring the ${noun}s ${barOf(event)}`);
        break;
      case 'sampling':
        this.#progress(
          () => `encoding a sample for ${event.what ?? 'the tokenizer'} ${barOf(event)}`,
        );
        break;
      case 'learning-settings':
        this.#progress(`learning ${event.what} from ${count(event.documents, noun)}`);
        break;
      case 'learning':
        this.#progress(learningLine(event));
        break;
      case 'begin':
        this.#begin(event);
        break;
      case 'batch':
        this.#batch(event);
        break;
      case 'failure':
        this.#failure(event);
        break;
      case 'partition':
        this.#now.partitions++;
        this.#progress(() => this.#line());
        break;
      case 'done':
        this.#done(event);
        break;
      default:
        this.#note(event);
    }
  }

  /** Events that give only one line of the log. */
  #note(event: PipelineEvent): void {
    if (event.type === 'warning') this.#io.log(event.message);
    if (event.type === 'advice') this.#say(event.message);
    if (event.type === 'curated') {
      const reasons = formatCodes(event.filteredByReason);
      this.#say(`left out: ${reasons || 'none'} of ${count(event.inputs, this.#noun)}`);
    }
    if (event.type === 'settings') {
      this.#say(`learned ${event.what} from ${count(event.documents, this.#noun)}`);
    }
    if (event.type === 'tokenizer' && event.isNew) {
      this.#say(`tokenizer: ${count(event.merges, 'merge')}, ${event.vocabSize} ids`);
    }
    if (event.type === 'planned') {
      this.#say(`planned; run it with the same options: pipeline run … --out ${event.out}`);
    }
    if (event.type === 'rank-done') {
      const { rank, size, out } = event;
      this.#say(`rank ${rank} of ${size} is done; after all: pipeline finalize ${out}`);
    }
  }

  #wait({ who, path, silentMs, staleMs }: LockWait): void {
    const ofSeconds = staleMs / 1000;
    if (!this.#waits) {
      this.#waits = true;
      if (this.#options.json) this.#io.printJson({ event: 'waiting', who, path, ofSeconds });
      this.#say(`${who} has the lock; it counts as dead after ${ofSeconds} s without a heartbeat`);
    }
    this.#progress(`no heartbeat for ${Math.floor(silentMs / 1000)} of ${ofSeconds} s`);
  }

  #plan({ isNew, inputs, videos, partitions, valFraction, listing, ...event }: PlanEvent): void {
    const noun = this.#noun;
    // From here on inputs are clips.
    if (videos !== undefined) this.#noun = 'clip';
    if (!isNew) return;
    const { columns = [] } = event;
    const planned =
      videos === undefined
        ? count(inputs, noun)
        : `${count(inputs, 'clip')} at most, of ${count(videos, noun)},`;
    const heldOut = valFraction > 0 ? `, ${valFraction * 100} % of their documents held out` : '';
    this.#say(`planned ${planned} in ${count(partitions, 'partition')}${heldOut}`);
    if (columns.length > 0) this.#say(`columns: ${columns.map(describeColumn).join(', ')}`);
    const { duplicates, ignored, problems } = listing;
    if (duplicates > 0) this.#say(`${count(duplicates, 'input')} named more than once, taken once`);
    const others = Object.entries(ignored);
    if (others.length > 0) {
      const what = others.map(([extension, n]) => `${formatCount(n)} ${extension}`).join(', ');
      this.#say(`passed over, not named as ${noun}s: ${what}`);
    }
    for (const { path, problem } of problems) this.#say(`not listed: ${path}: ${problem}`);
  }

  #begin({ work, before }: Extract<PipelineEvent, { type: 'begin' }>): void {
    this.#work = work;
    this.#before = before;
    this.#now = { inputs: 0, partitions: 0, failures: 0 };
    this.#rate = new Rate();
    if (before.partitions === 0) return;
    const of = `${formatCount(before.partitions)} of ${formatCount(work.partitions)} partitions`;
    this.#say(`going on: ${of} are done`);
  }

  #batch({ inputs, sourceBytes, reused }: BatchEvent): void {
    this.#now.inputs += inputs;
    // Inputs that the tokenizer's sample had already encoded do not affect the remaining time.
    this.#rate.add(inputs - reused.documents, sourceBytes - reused.sourceBytes);
    this.#progress(() => this.#line());
  }

  #failure({ message, code }: Failure): void {
    this.#now.failures++;
    if (this.#shown++ < SHOWN_FAILURES) this.#say(`failed: ${message} [${code}]`);
    if (this.#shown === SHOWN_FAILURES + 1) this.#say('further failures are only counted here');
  }

  #done({ out, isNew, totals, shards }: DoneEvent): void {
    this.#io.progress.done();
    const size = `${count(totals.documents, 'document')}, ${formatCount(totals.tokens)} tokens in ${count(totals.rows, 'sequence')}, ${count(shards, 'shard')} of ${formatBytes(totals.shardBytes)}`;
    const time = ` in ${formatDuration((performance.now() - this.#started) / 1000)}`;
    this.#say(isNew ? `${out}: ${size}${time}` : `${out} is complete already: ${size}`);
    const missing = Object.entries(totals.filteredByReason ?? {}).filter(([reason]) =>
      isClipReason(reason),
    );
    if (missing.length > 0) {
      this.#say(`clips that their videos do not have: ${formatCodes(Object.fromEntries(missing))}`);
    }
    if (totals.failures > 0) {
      const codes = formatCodes(totals.failuresByCode);
      this.#say(`${count(totals.failures, 'input')} failed (${codes}); see ${out}/failures/`);
      const [[most]] = Object.entries(totals.failuresByCode).sort(([, a], [, b]) => b - a);
      this.#say(`${most}: ${remedyOf(most)}`);
    }
    // Shown under --quiet too: nothing else in the output shows that inputs are missing.
    if (totals.unread) this.#io.log(unreadLine(out, totals.unread));
  }

  #line(): string {
    const { inputs, partitions, failures } = this.#now;
    const done = this.#before.inputs + inputs;
    const left = this.#work.inputs - done;
    // A rate needs a second of new work, without the inputs of the sample.
    const rate = this.#rate.perSecond();
    const noun = this.#noun;
    const parts = [
      `${formatBar(done / this.#work.inputs)} ${formatCount(done)}/${formatCount(this.#work.inputs)} ${noun}s`,
      rate && `${formatRate(rate.inputs)} ${noun}s/s  ${(rate.bytes / 1e6).toFixed(1)} MB/s`,
      `${this.#before.partitions + partitions}/${this.#work.partitions} partitions`,
      `${formatCount(failures)} failed`,
      rate && left > 0 && `ETA ${formatDuration(left / rate.inputs)}`,
    ];
    return parts.filter(Boolean).join('  ');
  }

  #say(line: string): void {
    if (!this.#options.quiet) this.#io.log(line);
  }

  #progress(line: string | (() => string)): void {
    if (!this.#options.quiet) this.#io.progress.update(line);
  }
}

/** A line of `--json`; undefined for events that only people need. */
function jsonOf(event: PipelineEvent): Record<string, unknown> | undefined {
  const { type, ...fields } = event;
  switch (event.type) {
    case 'plan': {
      const { inputs, videos, partitions, isNew, listing, columns } = event;
      const beside = {
        ...(videos === undefined ? {} : { videos }),
        ...(columns ? { columns } : {}),
      };
      return { event: type, inputs, partitions, isNew, ...listing, ...beside };
    }
    case 'done': {
      const { out, isNew, shards, totals } = event;
      return { event: type, out, isNew, shards, ...totals };
    }
    case 'curated':
    case 'settings':
    case 'tokenizer':
    case 'failure':
    case 'partition':
      return { event: type, ...fields };
    default:
      return undefined;
  }
}

function learningLine({ merges, documents, bytes }: Learning): string {
  return `learning ${merges} merges on ${count(documents, 'document')} (${formatBytes(bytes)})`;
}

/** The inputs that a dataset lacks; nobody knows how many they are. */
function unreadLine(out: string, unread: number): string {
  const places = unread === 1 ? '1 place' : `${formatCount(unread)} places`;
  return `inputs are missing: ${places} in the sources could not be read to the end; see problems in ${out}/plan.json`;
}

function barOf({ done, total }: { done: number; total: number }): string {
  return `${formatBar(done / total)} ${done}/${total}`;
}

/** Videos may take seconds each. */
function formatRate(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : rate.toFixed(0);
}

/** Such as `1 image` or `1,234 images`. */
function count(n: number, what: string): string {
  return `${formatCount(n)} ${what}${n === 1 ? '' : 's'}`;
}
