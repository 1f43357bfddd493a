import { Badge, Button, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { Site } from '../../../app/site.ts'
import { DEV_CHAIN_ID, publicClientFor, type Wallet } from '../../../chain/clients.ts'
import { type Purse, readPurse } from '../../../chain/sponsorReads.ts'
import { Address } from '../../components/Address.tsx'
import { Panel } from '../../components/Panel.tsx'
import { creditsOf } from '../../format.ts'
import { signerTexts } from '../../texts/signer.ts'
import { creditsText, etherText } from '../../wallet/amounts.ts'
import { WalletPanel } from '../../wallet/WalletPanel.tsx'

/** What an account can pay with; looked at again now and then. */
export function usePurse(site: Site, account: Wallet['account']['address']) {
  return useQuery<Purse>({
    queryKey: ['purse', site.deploymentId, account],
    queryFn: () => readPurse({ deployment: site, publicClient: publicClientFor(site) }, account),
    refetchInterval: 8000,
  })
}

interface SignerLineProps {
  readonly site: Site
  readonly wallet: Wallet
  /** Demo account's number; null for a wallet. */
  readonly number: number | null
}

/** Who signs on this page, and what it holds. */
export function SignerLine({ site, wallet, number }: SignerLineProps) {
  const words = signerTexts
  const { address } = wallet.account
  const { data: purse } = usePurse(site, address)
  return (
    <Stack gap={4}>
      <Group gap="sm">
        <Text>{words.label}</Text>
        <Address address={address} />
        <Badge variant="outline" tt="none" color={number === null ? 'var(--ward-live)' : 'var(--ward-attention)'}>
          {number === null ? words.wallet : words.demo}
        </Badge>
      </Group>
      {/* A line of its own, kept free until the chain has answered. */}
      <Text size="sm" c="dimmed" mih="1lh">
        {purse && words.purse(creditsOf(creditsText(purse.credits)), etherText(purse.wei))}
      </Text>
      {number !== null && (
        <Text size="sm" c="dimmed" className="ward-measure">
          {words.demoHint}
        </Text>
      )}
    </Stack>
  )
}

/** Where nobody signs yet: a wallet, or on the dev chain the demo account of that page. */
export function ChooseSigner({ site, demoHref }: { readonly site: Site; readonly demoHref: string }) {
  const words = signerTexts
  return (
    <Stack gap="lg">
      <WalletPanel site={site} />
      {site.chainId === DEV_CHAIN_ID && (
        <Panel question={words.demoQuestion} answer={words.useDemoHint}>
          <Group>
            <Button component="a" href={demoHref} variant="default">
              {words.useDemo}
            </Button>
          </Group>
        </Panel>
      )}
    </Stack>
  )
}
