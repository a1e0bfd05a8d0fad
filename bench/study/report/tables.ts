/** Tables of the report. */
import type { Spread } from '../../../schemas/protocol.ts';
import { bitsOf } from '../../../schemas/run.ts';
import type { ArmResult, Study } from '../result.ts';

const CODEC_ALONE = 'originals as the codec writes them';
const HALVES = 'one half of the originals against the other';

/** What a document is, and what it costs. */
export function documentsTable({ results, compared }: Study): string {
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
    results.flatMap((result, i) => {
      const { arm, bits, manifest } = result;
      if (arm.kind === 'dial') return [];
      const { documents, documentBytes, tokens } = manifest.totals;
      return [
        [
          arm.title,
          (documentBytes / documents).toFixed(0),
          (tokens / documents).toFixed(0),
          compared[i].psnr.toFixed(1),
          compared[i].ssim.toFixed(3),
          compared[i].bits.toFixed(0),
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

/** Distances or KID of the arms by condition, and of their codecs alone. */
export function distanceTable(results: readonly ArmResult[], key: 'distance' | 'kid'): string {
  const scale = key === 'kid' ? 1000 : 1;
  const { conditions } = results[0].drawn!.table;
  return table(
    [...conditions.map(({ title }) => title), 'codec alone'],
    results.map(({ arm, drawn }) => {
      const { rows } = drawn!.table;
      const alone = rows.find(({ name }) => name === CODEC_ALONE);
      return [
        arm.title,
        ...conditions.map(({ id }) => spread(rows[0].cells[id]?.raw?.[key], scale)),
        spread(alone?.cells[conditions[0].id]?.raw?.[key], scale),
      ];
    }),
  );
}

/** Distance of one half of the originals from the other: what so few pictures cannot tell apart. */
export function halvesOf({ drawn }: ArmResult, key: 'distance' | 'kid'): string {
  const { rows, conditions } = drawn!.table;
  const halves = rows.find(({ name }) => name === HALVES);
  return spread(halves?.cells[conditions[0].id]?.raw?.[key], key === 'kid' ? 1000 : 1);
}

export function dialTable({ results, compared }: Study): string {
  return table(
    ['bytes', 'tokens', 'PSNR, dB', 'bits without a model', 'bits by the model', 'of them'],
    results.flatMap(({ arm, bits, manifest }, i) => {
      if (arm.kind !== 'dial') return [];
      const { documents, documentBytes, tokens } = manifest.totals;
      return [
        [
          arm.title,
          (documentBytes / documents).toFixed(0),
          (tokens / documents).toFixed(0),
          compared[i].psnr.toFixed(1),
          compared[i].bits.toFixed(0),
          `${bits.mean.toFixed(0)} ± ${bits.error.toFixed(0)}`,
          `${((100 * bits.mean) / compared[i].bits).toFixed(0)} %`,
        ],
      ];
    }),
  );
}

export function costTable(results: readonly ArmResult[]): string {
  return table(
    ['pipeline', 'fit', 'evaluation', 'tokens drawn', 'files that do not open'],
    results.map(({ arm, seconds, drawn }) => {
      const { conditions, rows } = drawn!.table;
      const counts = conditions.map(({ id }) => rows[0].counts[id]);
      const sum = (key: 'tokens' | 'invalid') =>
        count(counts.reduce((all, each) => all + (each?.[key] ?? 0), 0));
      return [
        arm.title,
        ...[seconds.data, seconds.fit, drawn!.seconds].map(minutes),
        sum('tokens'),
        sum('invalid'),
      ];
    }),
  );
}

function spread(value: Spread | undefined, scale: number): string {
  if (!value) return '–';
  const { mean, deviation } = value;
  const [middle, around] = [mean, deviation ?? 0].map((each) => (scale * each).toFixed(1));
  return deviation === null ? middle : `${middle} ± ${around}`;
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
