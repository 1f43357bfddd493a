import { baseSepolia, foundry, sepolia } from 'viem/chains'
import type { Hex } from '../../src/study/types.ts'

/** Where the contracts can be deployed by name; any other chain by its RPC's URL. */
export interface Network {
  readonly chainId: number
  readonly rpcUrl: string
  readonly privateKey: Hex | undefined
}

/** Anvil's first account. Its key is public: nothing there is worth anything. */
export const DEV_DEPLOYER_KEY: Hex = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'

/**
 * anvil (default), sepolia or base-sepolia. Environment: ANVIL_RPC_URL, SEPOLIA_RPC_URL, BASE_SEPOLIA_RPC_URL in place of
 * the chain's public RPC; DEPLOYER_PRIVATE_KEY, needed everywhere but on Anvil.
 * @throws Error on another name
 */
export function networkByName(name: string, environment: NodeJS.ProcessEnv = process.env): Network {
  const key = environment.DEPLOYER_PRIVATE_KEY as Hex | undefined
  switch (name) {
    case 'anvil':
      return {
        chainId: foundry.id,
        rpcUrl: environment.ANVIL_RPC_URL ?? 'http://127.0.0.1:8545',
        privateKey: key ?? DEV_DEPLOYER_KEY,
      }
    case 'sepolia':
      return {
        chainId: sepolia.id,
        rpcUrl: environment.SEPOLIA_RPC_URL ?? sepolia.rpcUrls.default.http[0],
        privateKey: key,
      }
    case 'base-sepolia':
      return {
        chainId: baseSepolia.id,
        rpcUrl: environment.BASE_SEPOLIA_RPC_URL ?? baseSepolia.rpcUrls.default.http[0],
        privateKey: key,
      }
    default:
      throw new Error(`No network is called ${name}. Use anvil, sepolia or base-sepolia.`)
  }
}
