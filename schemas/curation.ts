/** Curation: which inputs of a plan are left out before they are encoded, and why. */
import { z } from 'zod';
import { CLIP_REASONS } from './clips.ts';

const count = z.int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What decides; a key that is absent drops nothing. */
export const curationSchema = z.strictObject({
  /** Fewest pixels of the shorter side. */
  minSide: z.int().positive().optional(),
  /** Highest ratio of the longer side to the shorter one. */
  maxAspect: z.number().min(1).optional(),
  /** Fewest bytes of a file. */
  minBytes: z.int().positive().optional(),
  /** Contents that came before are dropped. */
  duplicates: z.literal('drop').optional(),
  /** Most bits in which the looks of near duplicates differ. */
  nearDuplicates: count.max(10).optional(),
});
export type Curation = z.infer<typeof curationSchema>;

export const FILTER_REASONS = [
  'few-bytes',
  'small-side',
  'long-side',
  'duplicate',
  'near-duplicate',
  ...CLIP_REASONS,
] as const;
export type FilterReason = (typeof FILTER_REASONS)[number];

/**
 * A line of filtered/part-00000.jsonl, which curation writes, or of filtered/part-00000-clips.jsonl, which
 * the partition writes.
 */
export const filteredSchema = z.strictObject({
  /** Index of the input in the plan. */
  input: count,
  source: z.string(),
  reason: z.enum(FILTER_REASONS),
  /** The input that is kept in its place. */
  of: count.optional(),
});
export type Filtered = z.infer<typeof filteredSchema>;

/** Reason -> inputs. */
export const filteredByReasonSchema = z.record(z.string(), count);

/** The decisions, in plan.json: with them the plan is what is encoded. */
export const curatedSchema = z.strictObject({
  filteredByReason: filteredByReasonSchema,
  /** sha256 of the filtered/ file of each partition; null where nothing is filtered. */
  hashes: z.array(sha256.nullable()),
});
export type Curated = z.infer<typeof curatedSchema>;

/** Measures of one input; null if it cannot be read. */
const surveyedSchema = z.strictObject({
  bytes: count,
  sha256: sha256.optional(),
  width: count.optional(),
  height: count.optional(),
  /** 64 bits, hexadecimal. */
  look: z
    .string()
    .regex(/^[0-9a-f]{1,16}$/)
    .optional(),
});
export type Surveyed = z.infer<typeof surveyedSchema>;

/** curation/part-00000.json: the inputs of a partition in the order of the plan. */
export const surveySchema = z.array(surveyedSchema.nullable());
