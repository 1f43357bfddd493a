import { concat, getCreate2Address, type Hex, hexToBytes, pad, toHex } from 'viem'
import { AppError } from '../errors/AppError.ts'
import type { Address } from '../study/types.ts'
import type { ChainReader } from './reads.ts'
import { toAppError } from './reverts.ts'
import { type ChainAccess, sendCall } from './transactions.ts'

/**
 * Creates contracts at addresses that follow from their code, on nearly every chain, dev chains included: nobody owns it
 * (github.com/Arachnid/deterministic-deployment-proxy). It takes a salt of 32 bytes and the code that creates.
 */
export const KEY_DEPLOYER: Address = '0x4e59b44847b379578588920cA78FbF26c0B4956C'
/** Longest key: a contract has at most 24,576 bytes (EIP-170), of which one is not the key's. */
export const LONGEST_KEY = 24_575
const SALT = pad('0x', { size: 32 })

/** Code that creates an account which holds a key, as the contracts' StarkKeys does. */
export function keyCode(key: Uint8Array): Hex {
  return `0x61${toHex(key.length + 1, { size: 2 }).slice(2)}80600a3d393df300${toHex(key).slice(2)}`
}

/** Where deployKey puts a key, on every chain. */
export function keyAddress(key: Uint8Array): Address {
  return getCreate2Address({ from: KEY_DEPLOYER, salt: SALT, bytecode: keyCode(key) })
}

/**
 * Makes the description of what is proven known to verifiers: an account that holds it. Once a chain: the same key is always at
 * the same address, and one that is there already costs nothing.
 * @param key src/audit/stark/key.ts's bytes, at most 24,575
 * @throws AppError of sendCall; chain.reverted where the chain has nobody who would deploy it; RangeError for a longer key
 */
export async function deployKey(access: ChainAccess, key: Uint8Array): Promise<Address> {
  if (key.length > LONGEST_KEY) throw new RangeError(`a key of ${key.length} bytes, not at most ${LONGEST_KEY}`)
  const address = keyAddress(key)
  if (await hasCode(access, address)) return address
  if (!(await hasCode(access, KEY_DEPLOYER)))
    throw new AppError('chain.reverted', {
      reason: 'this chain lacks the usual contract that deploys others.',
      error: '',
    })
  await sendCall(access, { name: 'deployKey', to: KEY_DEPLOYER, data: concat([SALT, keyCode(key)]) })
  return address
}

/** The key that an account holds; null where it holds none. @throws AppError chain.unreachable */
export async function readKey({ deployment, publicClient }: ChainReader, address: Address): Promise<Uint8Array | null> {
  try {
    const code = await publicClient.getCode({ address })
    // STOP, so that nobody can run it, then the key.
    return code?.startsWith('0x00') && code.length > 4 ? hexToBytes(`0x${code.slice(4)}`) : null
  } catch (error) {
    throw toAppError(error, deployment.rpcUrls[0] ?? '')
  }
}

async function hasCode(reader: ChainReader, address: Address): Promise<boolean> {
  try {
    return (await reader.publicClient.getCode({ address })) !== undefined
  } catch (error) {
    throw toAppError(error, reader.deployment.rpcUrls[0] ?? '')
  }
}
