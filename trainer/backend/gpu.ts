/** One GPU a process: the addon takes the last one that CUDA shows it, so CUDA must show it one. */
import { existsSync, readdirSync } from 'node:fs';
import { localRank } from '../../base/launcher.ts';

type Env = Record<string, string | undefined>;

const DRIVER_GPUS = '/proc/driver/nvidia/gpus';

/** How many GPUs NVIDIA's driver shows; 0 where there is no driver. */
export function gpuCount(): number {
  try {
    return readdirSync(DRIVER_GPUS).length;
  } catch {
    // containers may have the device files and not the driver's part of /proc
    let count = 0;
    while (existsSync(`/dev/nvidia${count}`)) count++;
    return count;
  }
}

/**
 * The value of CUDA_VISIBLE_DEVICES for this process. What the launcher or the person set
 * is respected: of a list, the local rank picks one; an empty value keeps CUDA away.
 */
export function visibleDevice(env: Env, gpus: number): string | undefined {
  const given = env.CUDA_VISIBLE_DEVICES;
  if (given !== undefined) {
    const devices = given.split(',').filter(Boolean);
    return devices.length > 1 ? devices[localRank(env) % devices.length] : given;
  }
  return gpus > 0 ? String(localRank(env) % gpus) : undefined;
}
