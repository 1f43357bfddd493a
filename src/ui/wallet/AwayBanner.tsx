import { Button, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useConnection, useReconnect, useSwitchChain } from 'wagmi'
import { useStore } from 'zustand'
import type { StoreApi } from 'zustand/vanilla'
import type { Site } from '../../app/site.ts'
import { publicClientFor, type Wallet } from '../../chain/clients.ts'
import { type Presence, presenceOf } from '../../chain/heldWallet.ts'
import { accreditationOf } from '../../chain/reads.ts'
import { shortAddress } from '../format.ts'
import { texts } from '../texts.ts'

interface AwayProps {
  readonly site: Site
  readonly wallet: Wallet
}

/** Says that the wallet shows another account or network than this page was opened with, and offers the ways on. */
export function AwayBanner({ site, wallet }: AwayProps) {
  const presence = presenceOf(wallet)
  if (presence === null) return null
  return <Banner site={site} wallet={wallet} presence={presence} />
}

function Banner({ site, wallet, presence }: AwayProps & { readonly presence: StoreApi<Presence> }) {
  const words = texts.wallet.away
  const shown = useStore(presence)
  const self = wallet.account.address
  const accreditation = useQuery({
    queryKey: ['accreditation', site.deploymentId, self],
    queryFn: () => accreditationOf({ deployment: site, publicClient: publicClientFor(site) }, self),
    staleTime: Infinity,
  })
  const name = accreditation.data?.name || shortAddress(self)
  return (
    <section className="ward-banner" data-shown={shown.kind !== 'ready'} aria-label={words.heading} data-testid="away">
      <div role="status" aria-live="polite">
        {shown.kind !== 'ready' && (
          <>
            <Text fw={600}>
              <span aria-hidden="true">▲ </span>
              {words.says(shown, name)}
            </Text>
            <Text size="sm">{words.follows}</Text>
          </>
        )}
      </div>
      {shown.kind !== 'ready' && <WaysOn site={site} presence={presence} />}
    </section>
  )
}

function WaysOn({ site, presence }: { readonly site: Site; readonly presence: StoreApi<Presence> }) {
  const words = texts.wallet.away
  const shown = useStore(presence)
  const { connector } = useConnection()
  const switchChain = useSwitchChain()
  const reconnect = useReconnect()
  const [isStill, setStill] = useState(false)
  // The wallet tells of every change by itself; a person who is not sure presses, and is told what it shows now.
  const look = async () => {
    if (connector === undefined) await reconnect.mutateAsync({})
    else connector.onAccountsChanged([...(await connector.getAccounts())])
    setStill(presence.getState().kind !== 'ready')
  }
  return (
    <Stack gap="xs" mt="xs">
      <Group gap="xs">
        {shown.kind === 'otherNetwork' && (
          <Button size="compact-sm" onClick={() => switchChain.mutate({ chainId: site.chainId })}>
            {words.switch}
          </Button>
        )}
        <Button size="compact-sm" variant="default" onClick={() => void look().catch(() => setStill(true))}>
          {shown.kind === 'disconnected' ? words.reconnect : words.back}
        </Button>
        {shown.kind !== 'otherNetwork' && (
          <Button size="compact-sm" variant="default" onClick={() => window.location.reload()}>
            {shown.kind === 'otherAccount' ? words.openOther : words.leave}
          </Button>
        )}
      </Group>
      <div role="status">{isStill && <Text size="sm">{words.still}</Text>}</div>
    </Stack>
  )
}
