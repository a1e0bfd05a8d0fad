/**
 * Gives each process one GPU: the addon takes the last GPU that CUDA shows it, so CUDA must show
 * only one.
 */
import { existsSync, readdirSync } from 'node:fs';
import { localRank } from '../base/launcher.ts';

type Env = Record<string, string | undefined>;

const DRIVER_GPUS = '/proc/driver/nvidia/gpus';

/** Number of GPUs that NVIDIA's driver reports; 0 without a driver. */
export function gpuCount(): number {
  try {
    return readdirSync(DRIVER_GPUS).length;
  } catch {
    // Containers may have the device files without the driver's part of /proc.
    let count = 0;
    while (existsSync(`/dev/nvidia${count}`)) count++;
    return count;
  }
}

/**
 * The value of CUDA_VISIBLE_DEVICES for this process. A value that the launcher or the user set is
 * respected: from a list, the local rank picks one; an empty value disables CUDA.
 */
export function visibleDevice(env: Env, gpus: number): string | undefined {
  const given = env.CUDA_VISIBLE_DEVICES;
  if (given !== undefined) {
    const devices = given.split(',').filter(Boolean);
    return devices.length > 1 ? devices[localRank(env) % devices.length] : given;
  }
  return gpus > 0 ? String(localRank(env) % gpus) : undefined;
}
