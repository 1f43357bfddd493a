import { createWalletClient, encodeFunctionData, type Hex, http, publicActions, toHex } from 'viem'
import { foundry } from 'viem/chains'
import { creationCode } from '../../contracts/script/artifacts.ts'
import type { Air } from '../../src/audit/stark/air.ts'
import type { Parameters } from '../../src/audit/stark/parameters.ts'
import type { Statement } from '../../src/audit/stark/verify.ts'
import { anvilAccount } from '../../src/chain/demoAccounts.ts'
import { starkVerifierAbi } from '../../src/chain/generated/abi.ts'
import { keyCode } from '../../src/chain/proofKeys.ts'
import { startAnvil } from '../../src/chain/testing/anvil.ts'

export interface Gas {
  /** Of the transaction in which the contract verifies the proof and remembers what it shows. */
  readonly used: number
  /** What such a transaction costs at least for its calldata: 10 a zero byte, 40 any other (EIP-7623), and 21,000. */
  readonly floor: number
}

/**
 * Verifies proofs by the contract on Anvil, each in one transaction.
 * @throws Error where the contract refuses one
 */
export async function measureGas(
  proofs: readonly { readonly air: Air; readonly statement: Statement; readonly proof: Hex }[],
): Promise<Gas[]> {
  const anvil = await startAnvil({ port: 8785, accounts: 1 })
  try {
    const client = createWalletClient({
      account: anvilAccount(0),
      chain: foundry,
      transport: http(anvil.rpcUrl),
      pollingInterval: 100,
    }).extend(publicActions)
    const receiptOf = async (hash: Hex) => {
      const receipt = await client.waitForTransactionReceipt({ hash })
      if (receipt.status !== 'success') throw new Error(`The transaction ${hash} failed.`)
      return receipt
    }
    const bytecode = await creationCode('StarkVerifier')
    const deploy = async ({ log2Blowup, queries, queryGrinding, roundGrinding }: Parameters) => {
      const args = [log2Blowup, queries, queryGrinding, roundGrinding] as const
      return (await receiptOf(await client.deployContract({ abi: starkVerifierAbi, bytecode, args }))).contractAddress!
    }
    const results: Gas[] = []
    for (const { air, statement, proof } of proofs) {
      const verifier = await deploy(air.parameters)
      const key = (await receiptOf(await client.sendTransaction({ data: keyCode(air.key) }))).contractAddress!
      const { context, inputs, roots } = statement
      const args = [key, toHex(context), inputs, roots.map(root => toHex(root)), proof] as const
      const data = encodeFunctionData({ abi: starkVerifierAbi, functionName: 'prove', args })
      const receipt = await receiptOf(await client.sendTransaction({ to: verifier, data }))
      results.push({ used: Number(receipt.gasUsed), floor: floorOf(data) })
    }
    return results
  } finally {
    await anvil.stop()
  }
}

function floorOf(data: Hex): number {
  const bytes = Buffer.from(data.slice(2), 'hex')
  return bytes.reduce((gas, byte) => gas + (byte === 0 ? 10 : 40), 21_000)
}
