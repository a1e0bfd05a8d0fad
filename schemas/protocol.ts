/** The paper's protocol: options of an evaluation, its plan, and the table that it ends with. */
import { z } from 'zod';
import { tokenHealingOption } from './sample.ts';

export const PROTOCOL_VERSION = 1;

/** Most pictures that names of eight digits are meant for, and more than any table of the field has. */
const MOST_PICTURES = 100_000;

const ratio = z.number().gt(0).lt(1);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().nonnegative();

/** The pictures that are taken, and the parts of them that models are given. */
export const choiceOptions = {
  num: z
    .int()
    .min(2)
    .max(MOST_PICTURES)
    .default(5000)
    .describe('Pictures, chosen by the seed; all, where there are fewer')
    .meta({ group: 'Pictures' }),
  seed: z
    .int()
    .min(0)
    .max(2 ** 31)
    .default(0)
    .describe('Seed of the choice of pictures and of the first completion of each')
    .meta({ group: 'Pictures' }),
  halfSize: z
    .boolean()
    .default(false)
    .describe('Also pictures of half the size within a black border (table 4 of the paper)')
    .meta({ group: 'Pictures' }),
};

/** Options of the library; the command line writes lists with commas. */
export const evaluationSchema = z.strictObject({
  ...choiceOptions,
  ratios: z.array(ratio).max(20).default([0.25, 0.5, 0.75]),
  unconditional: z.boolean().default(false),
  seeds: z.int().min(1).max(100).default(3),
  topK: z.array(z.int().min(0)).min(1).max(8).default([40]),
  topP: z.array(z.number().gt(0).max(1)).min(1).max(8).default([0.9]),
  temperature: z.number().min(0).default(1),
  grammar: z.boolean().default(true),
  tokenHealing: tokenHealingOption,
  maxTokens: z.int().min(1).optional(),
});

export type EvaluationSettings = z.output<typeof evaluationSchema>;
export type EvaluationSettingsInput = z.input<typeof evaluationSchema>;

const pixels = z.int().min(8).max(8192);

/** Prompts for models that run elsewhere. */
export const promptSettingsSchema = z.strictObject({
  ...choiceOptions,
  ratios: z.array(ratio).min(1).max(20).default([0.25, 0.5, 0.75]),
  width: pixels.default(256),
  height: pixels.default(256),
});

export type PromptSettingsInput = z.input<typeof promptSettingsSchema>;

/** The model, and in which form it draws. */
const usedCheckpointSchema = z.strictObject({
  path: z.string(),
  sha256,
  weights: z.string(),
  cache: z.string(),
  engine: z.string(),
});

export const chosenPictureSchema = z.strictObject({
  /** Path below the folder of pictures, with slashes. */
  name: z.string(),
  sha256,
  /** Folder that it lies in, where pictures lie in folders of classes. */
  class: z.string().optional(),
});

export type ChosenPicture = z.output<typeof chosenPictureSchema>;

/** plan.json: all that the completions depend on. */
export const protocolPlanSchema = z.strictObject({
  version: z.literal(PROTOCOL_VERSION),
  checkpoint: usedCheckpointSchema,
  codec: z.strictObject({
    name: z.string(),
    settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    width: z.int().min(1),
    height: z.int().min(1),
  }),
  settings: evaluationSchema.extend({ maxTokens: z.int().min(1) }),
  images: z.string(),
  pictures: z.array(chosenPictureSchema).min(2).max(MOST_PICTURES),
});

export type ProtocolPlan = z.output<typeof protocolPlanSchema>;

/** A drawn completion: the file beside its picture. */
export const completionSchema = z.looseObject({
  file: z.string(),
  promptTokens: count,
  tokens: count,
  valid: z.boolean(),
  reason: z.string().optional(),
  finish: z.string(),
  logProbability: z.number(),
  corrected: count,
  /** Only where the completion depends on others that were drawn beside it. */
  engine: z.string().optional(),
});

export type Completion = z.output<typeof completionSchema>;

/** A picture that was made elsewhere, with the prompt's pixels pasted back. */
export const pastedSchema = z.strictObject({
  source: z.string(),
  sha256,
  /** Pixels that the model was given, how many of them it changed, and the mean change of a sample. */
  given: count,
  changed: count,
  meanChange: z.number(),
});

export type Pasted = z.output<typeof pastedSchema>;

/** A figure over several seeds; the deviation is null for one. */
export const spreadSchema = z.strictObject({
  mean: z.number(),
  deviation: z.number().nullable(),
  values: z.array(z.number()),
});

export type Spread = z.output<typeof spreadSchema>;

export const cellSchema = z.strictObject({
  distance: spreadSchema,
  kid: spreadSchema.optional(),
  precision: spreadSchema.optional(),
  recall: spreadSchema.optional(),
});

export type Cell = z.output<typeof cellSchema>;

/** How the pictures of a row came about, summed over its seeds. */
export const countsSchema = z.strictObject({
  pictures: count,
  invalid: count.optional(),
  tokens: count.optional(),
  promptTokens: count.optional(),
  corrected: count.optional(),
  logProbability: z.number().optional(),
  given: count.optional(),
  changed: count.optional(),
  meanChange: z.number().optional(),
});

export type Counts = z.output<typeof countsSchema>;

export const REFERENCES = ['raw', 'canonical'] as const;
export type Reference = (typeof REFERENCES)[number];

export const rowSchema = z.strictObject({
  name: z.string(),
  kind: z.enum(['model', 'elsewhere', 'floor']),
  /** By condition, then by reference. */
  cells: z.record(z.string(), z.partialRecord(z.enum(REFERENCES), cellSchema)),
  counts: z.record(z.string(), countsSchema),
});

export type Row = z.output<typeof rowSchema>;

/** table.json */
export const tableSchema = z.strictObject({
  version: z.literal(PROTOCOL_VERSION),
  checkpoint: usedCheckpointSchema,
  codec: z.string(),
  settings: z.record(z.string(), z.unknown()),
  pictures: count,
  conditions: z.array(z.strictObject({ id: z.string(), title: z.string() })),
  /** Undefined where no network was named: there are no distances then. */
  network: z
    .strictObject({ name: z.string(), distance: z.string(), sha256, resize: z.string() })
    .optional(),
  /** Why tables are left out, and what figures are to be taken with care. */
  notes: z.array(z.string()),
  rows: z.array(rowSchema),
});

export type EvaluationTable = z.output<typeof tableSchema>;

/** `0.25,0.5` as numbers; `none` is no number at all. */
const NUMBERS = /^(none|\d*\.?\d+(,\d*\.?\d+)*)$/;

/** An option that is a list of numbers with commas. */
export function numbersOption(standard: string) {
  return z
    .string()
    .regex(NUMBERS, 'expected numbers with commas between them')
    .default(standard)
    .transform((text) => (text === 'none' ? [] : text.split(',').map(Number)));
}
