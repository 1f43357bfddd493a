import { encodeFunctionData } from 'viem'
import { creditUnits } from '../../src/chain/credits.ts'
import { creditsAbi } from '../../src/chain/generated/abi.ts'
import { sendCall } from '../../src/chain/transactions.ts'
import type { Bed } from './deployment.ts'

/** The wall's sponsor is the account that deployed; a bed gives its credits to another one. */
export async function fundWall(bed: Bed): Promise<void> {
  const owner = bed.account(0)
  const args = [owner.address, creditUnits(1_000_000)] as const
  const data = encodeFunctionData({ abi: creditsAbi, functionName: 'mint', args })
  await sendCall(bed.access(owner), { name: 'mint', to: bed.deployment.credits, data })
}
