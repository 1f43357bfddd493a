import { encodeDeployData } from 'viem'
import { creationCode } from '../../../contracts/script/artifacts.ts'
import type { Parameters } from '../../audit/stark/parameters.ts'
import type { Address } from '../../study/types.ts'
import { starkVerifierAbi } from '../generated/abi.ts'
import type { ChainAccess } from '../transactions.ts'

/** A verifier of proofs with these parameters, beside those of the deployment. */
export async function deployVerifier(
  { walletClient, publicClient }: Pick<ChainAccess, 'walletClient' | 'publicClient'>,
  { log2Blowup, queries, queryGrinding, roundGrinding }: Parameters,
): Promise<Address> {
  const args = [log2Blowup, queries, queryGrinding, roundGrinding] as const
  const bytecode = await creationCode('StarkVerifier')
  const hash = await walletClient.sendTransaction({ data: encodeDeployData({ abi: starkVerifierAbi, bytecode, args }) })
  return (await publicClient.waitForTransactionReceipt({ hash })).contractAddress as Address
}
