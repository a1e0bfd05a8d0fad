/** The table as Markdown: one for each figure and reference, rows as in the paper. */
import { formatCount } from '../../base/format.ts';
import type {
  Cell,
  Counts,
  EvaluationTable,
  Reference,
  Row,
  Spread,
} from '../../schemas/protocol.ts';

/** A table of texts, for Markdown and for the page. */
export interface TextTable {
  readonly title: string;
  readonly note?: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const REFERENCE_TITLES: Readonly<Record<Reference, string>> = {
  raw: 'the raw pictures',
  canonical: 'the pictures as the codec writes them',
};

const NONE = '–';

interface Figure {
  readonly key: keyof Cell;
  readonly title: string;
  readonly digits: number;
  readonly note: string;
}

/** @returns the tables of distances, and one of how the pictures came about */
export function textTables(table: EvaluationTable): TextTable[] {
  const { network } = table;
  const figures: Figure[] = [
    { key: 'distance', title: network?.distance ?? '', digits: 2, note: 'lower is better' },
    { key: 'kid', title: 'KID', digits: 5, note: 'lower is better' },
    { key: 'precision', title: 'Precision', digits: 3, note: 'higher is better' },
    { key: 'recall', title: 'Recall', digits: 3, note: 'higher is better' },
  ];
  const measured = network
    ? figures.flatMap((figure) =>
        (['raw', 'canonical'] as const).flatMap((reference) =>
          figureTable(table, figure, reference),
        ),
      )
    : [];
  return [...measured, ...countTables(table)];
}

function figureTable(
  { conditions, rows }: EvaluationTable,
  { key, title, digits, note }: Figure,
  reference: Reference,
): TextTable[] {
  const spreadsOf = (row: Row) => conditions.map(({ id }) => row.cells[id]?.[reference]?.[key]);
  const shown = rows.filter((row) => spreadsOf(row).some((spread) => spread !== undefined));
  if (shown.length === 0) return [];
  return [
    {
      title: `${title} against ${REFERENCE_TITLES[reference]}`,
      note,
      head: ['', ...conditions.map((condition) => condition.title)],
      rows: shown.map((row) => [
        row.name,
        ...spreadsOf(row).map((spread) => (spread ? spreadText(spread, digits) : NONE)),
      ]),
    },
  ];
}

export function spreadText({ mean, deviation }: Spread, digits: number): string {
  // Rounding may leave a distance of nothing below zero.
  const value = mean.toFixed(digits).replace(/^-(0\.?0*)$/, '$1');
  return deviation === null ? value : `${value} (±${deviation.toFixed(digits)})`;
}

function countTables({ conditions, rows }: EvaluationTable): TextTable[] {
  const lines = (kind: Row['kind'], textsOf: (counts: Counts) => string[]) =>
    rows
      .filter((row) => row.kind === kind)
      .flatMap((row) =>
        conditions.flatMap(({ id, title }) => {
          const counts = row.counts[id];
          return counts
            ? [[row.name, title, formatCount(counts.pictures), ...textsOf(counts)]]
            : [];
        }),
      );
  const models = lines('model', drawnTexts);
  const others = lines('elsewhere', pastedTexts);
  const tables: TextTable[] = [
    {
      title: 'What was drawn',
      head: [
        ...['', 'condition', 'completions', 'not valid', 'tokens given', 'tokens drawn'],
        ...['grammar changed', 'mean ln p'],
      ],
      rows: models,
    },
  ];
  if (others.length === 0) return tables;
  tables.push({
    title: 'Prompts of models that ran elsewhere',
    note: 'pixels that the model was given and changed; the table measures pictures with the prompt pasted back',
    head: [
      '',
      'condition',
      'completions',
      'pixels given',
      'of them changed',
      'mean change (0..255)',
    ],
    rows: others,
  });
  return tables;
}

function drawnTexts(counts: Counts): string[] {
  const { invalid = 0, promptTokens = 0, tokens = 0, corrected = 0, logProbability = 0 } = counts;
  return [
    formatCount(invalid),
    formatCount(promptTokens),
    formatCount(tokens),
    `${((100 * corrected) / Math.max(1, tokens)).toFixed(2)} %`,
    (logProbability / Math.max(1, tokens)).toFixed(3),
  ];
}

function pastedTexts({ given = 0, changed = 0, meanChange = 0 }: Counts): string[] {
  if (given === 0) return [NONE, NONE, NONE];
  return [formatCount(given), `${((100 * changed) / given).toFixed(2)} %`, meanChange.toFixed(2)];
}

/** A page of Markdown that ends with a newline. */
export function markdownOf(table: EvaluationTable): string {
  const parts = [`# ${titleOf(table)}`, summaryOf(table), ...table.notes.map(sentence)];
  for (const { title, note, head, rows } of textTables(table)) {
    const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |`;
    const rule = `|${head.map((_, i) => (i === 0 ? '---' : '---:')).join('|')}|`;
    parts.push(`## ${title}`);
    if (note) parts.push(sentence(note));
    parts.push([line(head), rule, ...rows.map(line)].join('\n'));
  }
  return `${parts.join('\n\n')}\n`;
}

export function titleOf({ codec }: EvaluationTable): string {
  return `Completions by a model of ${codec} documents`;
}

/** What was drawn and how it was measured. */
export function summaryOf(table: EvaluationTable): string {
  const { pictures, settings, network, checkpoint } = table;
  const { seeds, temperature, grammar, tokenHealing } = settings as {
    seeds: number;
    temperature: number;
    grammar: boolean;
    /** Tables of before it was an option do not say it. */
    tokenHealing?: boolean;
  };
  const isGiven = table.conditions.some(({ title }) => title.includes('r = '));
  const explained = isGiven ? ' r is the share of a picture that the model is given.' : '';
  const measured = network
    ? `features of ${network.name}, resize ${network.resize}`
    : 'no network of features';
  return (
    `${formatCount(pictures)} pictures, ${seeds} ${seeds === 1 ? 'completion' : 'completions'} of each, ` +
    `mean and deviation over seeds; temperature ${temperature}, grammar ${grammar ? 'on' : 'off'}${tokenHealing ? ', token healing' : ''}; ${measured}; ` +
    `checkpoint sha256 ${checkpoint.sha256.slice(0, 12)}.${explained}`
  );
}

/** `lower is better` as a sentence. */
export function sentence(text: string): string {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}
