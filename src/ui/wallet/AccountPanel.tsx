import { Badge, Button, Group, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { formatEther } from 'viem'
import { useConnection, useDisconnect } from 'wagmi'
import type { Site } from '../../app/site.ts'
import { publicClientFor } from '../../chain/clients.ts'
import { creditsOf } from '../../chain/reads.ts'
import { Address } from '../components/Address.tsx'
import { texts } from '../texts.ts'
import { creditsText } from './amounts.ts'
import { BackupPanel } from './BackupPanel.tsx'
import type { ShownAccount } from './useShownAccount.ts'

/** The account that signs on this page: what it is, what it holds, and how to let go of it. */
export function AccountPanel({ site, account }: { readonly site: Site; readonly account: ShownAccount }) {
  const { account: words, browser } = texts.wallet
  const { address, kind } = account
  const { isConnected } = useConnection()
  const disconnect = useDisconnect()
  const holds = useQuery({
    queryKey: ['holds', site.deploymentId, address],
    queryFn: async () => {
      const publicClient = publicClientFor(site)
      const [credits, wei] = await Promise.all([
        creditsOf({ deployment: site, publicClient }, address),
        publicClient.getBalance({ address }),
      ])
      return { credits, wei }
    },
  })
  return (
    <Stack gap="xs">
      <Title order={3}>{words.heading}</Title>
      <Group gap="sm">
        <Address address={address} />
        {kind === 'demo' && (
          <Badge variant="outline" tt="none" color="var(--ward-attention)">
            {texts.hospital.demoAccount}
          </Badge>
        )}
      </Group>
      <Text size="sm">{words[kind]}</Text>
      {holds.data && (
        <Text size="sm">
          {words.holds(
            creditsText(holds.data.credits),
            Number(formatEther(holds.data.wei)).toLocaleString('en-GB', { maximumFractionDigits: 4 }),
          )}
        </Text>
      )}
      {kind === 'browser' && (
        <>
          <Text size="sm">{browser.explain}</Text>
          <BackupPanel site={site} address={address} />
        </>
      )}
      {kind !== 'demo' && isConnected && (
        <Group>
          <Button variant="default" size="compact-sm" onClick={() => disconnect.mutate({})}>
            {words.disconnect}
          </Button>
        </Group>
      )}
    </Stack>
  )
}
