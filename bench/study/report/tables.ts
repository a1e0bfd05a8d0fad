/** Tables of the report. */
import type { Spread } from '../../../schemas/protocol.ts';
import { bitsOf } from '../../../schemas/run.ts';
import type { ArmResult, Drawn, Figures, Study } from '../result.ts';

/** KID is shown times 1,000. */
const SCALES: Record<keyof Figures, number> = { distance: 1, kid: 1000, psnr: 1 };

/** What a document is, and what it costs. */
export function documentsTable({ results }: Study): string {
  return table(
    [
      'symbols of a document',
      'tokens',
      'PSNR, dB',
      'SSIM',
      'bits without a model',
      'bits by the model',
      'documents seen',
    ],
    results.flatMap((result) => {
      const { arm, bits, manifest, kept } = result;
      if (arm.kind === 'dial') return [];
      const { documents, documentBytes, tokens } = manifest.totals;
      return [
        [
          arm.title,
          (documentBytes / documents).toFixed(0),
          (tokens / documents).toFixed(0),
          kept.psnr.toFixed(1),
          kept.ssim.toFixed(3),
          kept.bits.toFixed(0),
          `${bits.mean.toFixed(0)} ± ${bits.error.toFixed(0)}`,
          count(documentsSeen(result)),
        ],
      ];
    }),
  );
}

/** Bits of a document of the validation while the models learn. */
export function learningTable(results: readonly ArmResult[]): string {
  const most = Math.max(...results.map(({ metrics }) => metrics.val.length));
  return table(
    Array.from({ length: most }, (_, n) =>
      n === most - 1 ? 'at the end' : `measurement ${n + 1}`,
    ),
    results.map((result) => {
      const { arm, metrics, manifest } = result;
      const { documents, documentBytes, tokens } = manifest.totals;
      const cells = metrics.val.map((point) => {
        const seen = metrics.train.find(({ step }) => step === point.step)!.tokensSeen;
        const bits = (bitsOf(point).bits * documentBytes) / documents;
        return `${bits.toFixed(0)} after ${count((seen * documents) / tokens)}`;
      });
      return [arm.title, ...cells];
    }),
  );
}

export function documentsSeen({ metrics, manifest: { totals } }: ArmResult): number {
  const { tokensSeen } = metrics.train[metrics.train.length - 1];
  return (tokensSeen * totals.documents) / totals.tokens;
}

/** Distances, KID or PSNR of the arms by condition, and of their codecs alone. */
export function figureTable(results: readonly ArmResult[], key: keyof Figures): string {
  const conditions = results[0].drawn!.table.conditions.filter(
    ({ id }) => results[0].drawn!.figures!.conditions[id]?.[key],
  );
  return table(
    [...conditions.map(({ title }) => title), 'codec alone'],
    drawnRows(results).map(({ title, drawn }) => {
      const { alone, conditions: found } = drawn.figures!;
      return [
        title,
        ...conditions.map(({ id }) => spread(found[id]?.[key], SCALES[key])),
        spread(alone[key], SCALES[key]),
      ];
    }),
  );
}

interface DrawnRow {
  title: string;
  drawn: Drawn;
  /** Undefined where the row above has them. */
  seconds?: ArmResult['seconds'];
}

/** A row for each arm, and one for completions of healed prompts. */
export function drawnRows(results: readonly ArmResult[]): DrawnRow[] {
  return results.flatMap(({ arm: { title }, drawn, healed, seconds }) => [
    { title, drawn: drawn!, seconds },
    ...(healed ? [{ title: `${title}, prompts healed`, drawn: healed }] : []),
  ]);
}

export function spread(value: Spread | undefined, scale = 1): string {
  if (!value) return '–';
  const { mean, deviation } = value;
  const [middle, around] = [mean, deviation ?? 0].map((each) => (scale * each).toFixed(1));
  return deviation === null ? middle : `${middle} ± ${around}`;
}

export function dialTable({ results }: Study): string {
  return table(
    ['bytes', 'tokens', 'PSNR, dB', 'bits without a model', 'bits by the model', 'of them'],
    results.flatMap(({ arm, bits, manifest, kept }) => {
      if (arm.kind !== 'dial') return [];
      const { documents, documentBytes, tokens } = manifest.totals;
      return [
        [
          arm.title,
          (documentBytes / documents).toFixed(0),
          (tokens / documents).toFixed(0),
          kept.psnr.toFixed(1),
          kept.bits.toFixed(0),
          `${bits.mean.toFixed(0)} ± ${bits.error.toFixed(0)}`,
          `${((100 * bits.mean) / kept.bits).toFixed(0)} %`,
        ],
      ];
    }),
  );
}

export function costTable(results: readonly ArmResult[]): string {
  return table(
    ['pipeline', 'fit', 'evaluation', 'tokens drawn', 'files that do not open'],
    drawnRows(results).map(({ title, seconds, drawn }) => {
      const { conditions, rows } = drawn.table;
      const counts = conditions.map(({ id }) => rows[0].counts[id]);
      const sum = (key: 'tokens' | 'invalid') =>
        count(counts.reduce((all, each) => all + (each?.[key] ?? 0), 0));
      return [
        title,
        ...(seconds ? [minutes(seconds.data), minutes(seconds.fit)] : ['–', '–']),
        minutes(drawn.seconds),
        sum('tokens'),
        sum('invalid'),
      ];
    }),
  );
}

/** @param head of the columns beside the first, which names the rows */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = ['---', ...head.map(() => '--:')];
  return [line(['', ...head]), line(rule), ...rows.map(line)].join('\n');
}

export function minutes(seconds: number): string {
  return seconds < 90 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(1)} min`;
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
