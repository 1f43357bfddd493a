import { encodeFunctionData } from 'viem'
import { creditUnits } from '../../src/chain/credits.ts'
import { creditsAbi } from '../../src/chain/generated/abi.ts'
import { sendCall } from '../../src/chain/transactions.ts'
import type { Address } from '../../src/study/types.ts'
import type { Bed } from './deployment.ts'

/** The wall's sponsor is the account that deployed; a bed gives its credits to another one. */
export function fundWall(bed: Bed): Promise<void> {
  return giveCredits(bed, bed.account(0).address, 1_000_000)
}

/** @param credits whole credits, newly made */
export async function giveCredits(bed: Bed, to: Address, credits: number): Promise<void> {
  const data = encodeFunctionData({ abi: creditsAbi, functionName: 'mint', args: [to, creditUnits(credits)] })
  await sendCall(bed.access(bed.account(0)), { name: 'mint', to: bed.deployment.credits, data })
}
