import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { type Datastore, Key } from 'interface-datastore'

/** The key behind a node's peer id: made at the first start, the same ever after. */
export async function loadOrCreateKey(datastore: Datastore): Promise<PrivateKey> {
  const place = new Key('/wardround/peer-key')
  if (await datastore.has(place)) return privateKeyFromProtobuf(await datastore.get(place))
  const key = await generateKeyPair('Ed25519')
  await datastore.put(place, privateKeyToProtobuf(key))
  return key
}
