import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromMultihash } from '@libp2p/peer-id'
import { type Datastore, Key } from 'interface-datastore'
import * as digests from 'multiformats/hashes/digest'

/** The key behind a node's peer id: made at the first start, the same ever after. */
export async function loadOrCreateKey(datastore: Datastore): Promise<PrivateKey> {
  const place = new Key('/wardround/peer-key')
  if (await datastore.has(place)) return privateKeyFromProtobuf(await datastore.get(place))
  const key = await generateKeyPair('Ed25519')
  await datastore.put(place, privateKeyToProtobuf(key))
  return key
}

/** A peer id as text, from the multihash bytes that the registry records. @throws Error where they are none */
export function peerIdText(multihash: Uint8Array): string {
  return peerIdFromMultihash(digests.decode(multihash)).toString()
}
