/** What is this hospital's own, as its page shows it. Amounts in the smallest unit of credit (18 decimals). */
export interface KeepingView {
  readonly balance: { readonly stake: bigint; readonly reward: bigint; readonly forfeited: bigint } | null
  /** Credits in the wallet, and wei for gas. */
  readonly wallet: { readonly credits: bigint; readonly gas: bigint } | null
}

export const initialKeepingView: KeepingView = { balance: null, wallet: null }
