import { type Abi, decodeAbiParameters, decodeFunctionData } from 'viem'
import { type Address, type Hex, sameAddress, sameHex } from '../study/types.ts'
import type { Deployment } from './deployment.ts'
import * as abis from './generated/abi.ts'
import { KEY_DEPLOYER } from './proofKeys.ts'

/** What a transaction asks a contract for, read from its own bytes. */
export interface ReadCall {
  /** As sendCall names it; pages have words for each. */
  readonly name: string
  /** Credits that it moves, in the smallest unit (18 decimals); null where it moves none. */
  readonly credits: bigint | null
  /** The study that it acts on; null where that is not in the call. */
  readonly study: Address | null
  /** Names of the calls that it bundles; null for one that is not known. */
  readonly bundled: readonly (string | null)[]
}

/** What Study.onTransferReceived is told the credits are for: see IStudy. */
const intents: Readonly<Record<number, string>> = { 0: 'initializeTask', 1: 'joinTask' }

const everyFunction: Abi = Object.values(abis as Readonly<Record<string, Abi>>).flatMap(abi =>
  abi.filter(({ type }) => type === 'function'),
)

/**
 * Reads what is about to be signed from the bytes that are signed, whatever the page says of it.
 * @returns null for a call to anything but this deployment's functions and what it takes to deploy a key
 */
export function readCall(deployment: Deployment, { to, data }: { to: Address; data: Hex }): ReadCall | null {
  if (sameAddress(to, KEY_DEPLOYER)) return { name: 'deployKey', credits: null, study: null, bundled: [] }
  const decoded = decode(data)
  if (decoded === null) return null
  const { functionName, args } = decoded
  const isOfDeployment = Object.values(deployment).some(value => typeof value === 'string' && sameHex(value as Hex, to))
  if (!sameAddress(to, deployment.credits)) {
    const [first] = args
    const named = isAddress(first) ? first : null
    return { name: functionName, credits: null, study: isOfDeployment ? named : to, bundled: bundledIn(args) }
  }
  const [receiver, amount, payload] = args
  const credits = typeof amount === 'bigint' ? amount : null
  const study = isAddress(receiver) ? receiver : null
  const isWithCall = functionName === 'transferAndCall' && typeof payload === 'string'
  const name = isWithCall ? (intentOf(payload as Hex) ?? functionName) : functionName
  return { name, credits, study, bundled: [] }
}

/** multicall and carry take calls as their last argument. */
function bundledIn(args: readonly unknown[]): (string | null)[] {
  const last = args.at(-1)
  if (!Array.isArray(last) || !last.every(isHexData)) return []
  return last.map(data => decode(data)?.functionName ?? null)
}

function isHexData(value: unknown): value is Hex {
  return typeof value === 'string' && /^0x([0-9a-fA-F]{2}){4,}$/.test(value)
}

function intentOf(payload: Hex): string | undefined {
  try {
    const [intent] = decodeAbiParameters([{ type: 'uint8' }, { type: 'bytes' }], payload)
    return intents[intent]
  } catch {
    // Not a study's payload: shown as the transfer it is.
    return undefined
  }
}

function decode(data: Hex): { functionName: string; args: readonly unknown[] } | null {
  try {
    const { functionName, args } = decodeFunctionData({ abi: everyFunction, data })
    return { functionName, args: args ?? [] }
  } catch {
    // None of the deployment's functions: the caller says so.
    return null
  }
}

function isAddress(value: unknown): value is Address {
  return typeof value === 'string' && /^0x[0-9a-fA-F]{40}$/.test(value)
}
