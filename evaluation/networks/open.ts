/** Opens a file of weights: the names and shapes of its tensors tell which network it is. */
import { CodecLmError } from '../../base/error.ts';
import type { Weights } from '../../base/safetensors/weights.ts';
import type { Backend } from '../../compute/choose.ts';
import { giveBackMemory } from '../../compute/memory.ts';
import { buildDinov2 } from './dinov2.ts';
import { buildInception } from './inception.ts';
import { buildMobileNet } from './mobilenet.ts';
import type { Network, NetworkBuilder } from './network.ts';
import { readNetworkWeights } from './weights.ts';

/** A tensor that only this network has, by name. */
const NETWORKS: readonly { tensor: string; title: string; build: NetworkBuilder }[] = [
  { tensor: 'Conv2d_1a_3x3.conv.weight', title: "FID's Inception", build: buildInception },
  { tensor: 'features.0.0.weight', title: "torchvision's MobileNetV2", build: buildMobileNet },
  {
    tensor: 'embeddings.patch_embeddings.projection.weight',
    title: 'a DINOv2 ViT with Hugging Face names',
    build: buildDinov2,
  },
];

/**
 * @throws CodecLmError `INPUT_NOT_FOUND`; `CHECKPOINT_INVALID` that names the file and the tensor that
 *   does not belong to a network of these
 */
export async function openNetwork(path: string, backend: Backend): Promise<Network> {
  const network = networkOf(await readNetworkWeights(path), path, backend);
  // The file's tensors, and those that were folded, are with the network now.
  giveBackMemory();
  return network;
}

/**
 * @param weights are taken out of the map one by one, so that what is done with can be forgotten
 * @throws CodecLmError `CHECKPOINT_INVALID`
 */
export function networkOf(weights: Weights, path: string, backend: Backend): Network {
  const kind = NETWORKS.find(({ tensor }) => weights.has(tensor));
  if (!kind) {
    const [first] = weights.keys();
    const found = first === undefined ? 'no tensors' : `tensor ${first}`;
    const known = NETWORKS.map(({ title, tensor }) => `${title} (${tensor})`).join(', ');
    throw new CodecLmError('CHECKPOINT_INVALID', `${path}: ${found}, of no network that is known`, {
      path,
      hint: `networks of features are ${known}`,
    });
  }
  return kind.build(backend, weights, path);
}
