/** Double precision on whatever computes here. */
import type { Backend } from '../../compute/choose.ts';
import { findLapack } from '../../compute/lapack.ts';
import { lapackMath } from './lapack-math.ts';
import type { DoubleMath } from './matrix.ts';
import { nativeMath } from './native-math.ts';
import { plainMath } from './plain-math.ts';

export function doubleMath(backend: Backend): DoubleMath {
  const lapack = findLapack();
  if (lapack) return lapackMath(lapack);
  return backend.native ? nativeMath(backend.native) : plainMath;
}
