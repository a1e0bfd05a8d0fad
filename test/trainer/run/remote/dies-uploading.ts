/**
 * Trains at `s3://…` and kills itself when it is about to put a file.
 * Arguments: dataset, run, end of the place of the file (`step-00000004/optimizer.safetensors`).
 */
import { S3Storage } from '../../../../base/storage/s3/s3.ts';
import { fit } from '../../../../trainer/fit/fit.ts';
import { SETTINGS } from '../../../helpers/small-run.ts';

const [data, out, dyingAt] = process.argv.slice(2);
const { create, putIfAbsent } = S3Storage.prototype;
const dieAt = (place: string) => {
  if (place.endsWith(dyingAt)) process.kill(process.pid, 'SIGKILL');
};
S3Storage.prototype.create = async function (place, options) {
  const file = await create.call(this, place, options);
  dieAt(place);
  return file;
};
S3Storage.prototype.putIfAbsent = async function (place, content) {
  dieAt(place);
  return putIfAbsent.call(this, place, content);
};
await fit({
  data,
  out,
  backend: 'wasm',
  resume: true,
  set: [...SETTINGS, 'train.steps=6', 'train.saveEvery=2'],
});
