/** The files of a lock: who holds it, or wants to. */
import { z } from 'zod';

/** One process in a lock. The first two fields are rewritten in place, so their lengths never change. */
export const holderSchema = z.object({
  /** `wants` until no other holder is in sight, then `holds`. */
  state: z.enum(['wants', 'holds']),
  /** Counts up as long as the process lives. */
  beat: z.string().regex(/^\d{12}$/),
  /** Random, and part of the file's name: no two takes share one. */
  token: z.string().regex(/^[0-9a-f]{32}$/),
  host: z.string(),
  /** Boot id of the kernel; null where there is none to read. */
  boot: z.string().nullable(),
  /** Namespaces in which `pid` and `startTime` are meant; null where they are not known. */
  namespace: z.string().nullable(),
  pid: z.number().int(),
  /** Clock ticks from boot to the start of the process. */
  startTime: z.string().nullable(),
  /** Processes of one world (the same `size`) share a lock, one for each rank. */
  rank: z.number().int().nonnegative(),
  size: z.number().int().positive(),
  /** For people: nothing is decided by it. */
  started: z.string(),
});
export type Holder = z.infer<typeof holderSchema>;

/** Version 0.1 wrote these: touched every 5 or 10 s, with neither token nor start time. */
export const oldHolderSchema = z.object({
  host: z.string(),
  pid: z.number(),
  rank: z.number().default(0),
  size: z.number().default(1),
});
export type OldHolder = z.infer<typeof oldHolderSchema>;
