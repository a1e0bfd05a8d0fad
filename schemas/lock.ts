/** The files of a lock: the processes that hold it or want it. */
import { z } from 'zod';

/**
 * One process that holds or wants a lock. The first two fields are rewritten in place, so their
 * lengths never change.
 */
export const holderSchema = z.object({
  /** `wants` until the process sees no other holder, then `holds`. */
  state: z.enum(['wants', 'holds']),
  /** A count that increases as long as the process lives. */
  beat: z.string().regex(/^\d{12}$/),
  /** A random part of the file's name: no two takes share one. */
  token: z.string().regex(/^[0-9a-f]{32}$/),
  host: z.string(),
  /** Boot id of the kernel; null where it cannot be read. */
  boot: z.string().nullable(),
  /** Namespaces to which `pid` and `startTime` belong; null where they are unknown. */
  namespace: z.string().nullable(),
  pid: z.number().int(),
  /** Clock ticks from boot to the start of the process. */
  startTime: z.string().nullable(),
  /** Processes of one run (with the same `size`) share a lock; each rank has one record. */
  rank: z.number().int().nonnegative(),
  size: z.number().int().positive(),
  /** Start time, shown to people; it decides nothing. */
  started: z.string(),
});
export type Holder = z.infer<typeof holderSchema>;

/**
 * The format of version 0.1. The file was touched every 5 or 10 s and has neither token nor start
 * time.
 */
export const oldHolderSchema = z.object({
  host: z.string(),
  pid: z.number(),
  rank: z.number().default(0),
  size: z.number().default(1),
});
export type OldHolder = z.infer<typeof oldHolderSchema>;
