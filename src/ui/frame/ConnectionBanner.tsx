import { Button, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo, useSyncExternalStore } from 'react'
import { createChainProbe, type Reach } from '../../app/reach.ts'
import type { Site } from '../../app/site.ts'
import { DEV_CHAIN_ID } from '../../chain/clients.ts'
import { texts } from '../texts.ts'

/** Milliseconds between looks. Public RPCs count calls; a look is one. */
const LOOK_MS = { dev: 5_000, public: 30_000 } as const

/** Says what does not answer and what still works; empty while everything does. */
export function ConnectionBanner({ site }: { readonly site: Site }) {
  const isOnline = useSyncExternalStore(subscribeOnline, () => navigator.onLine)
  const reach = useReach(site)
  const words = texts.frame.offline
  const trouble = isOnline ? (reach === 'answers' ? null : reach) : 'browser'
  return (
    <section className="ward-banner" data-shown={trouble !== null} aria-label={words.heading} data-testid="offline">
      <div role="status" aria-live="polite">
        {trouble !== null && (
          <Text>
            <span aria-hidden="true">▲ </span>
            {words[trouble]}
          </Text>
        )}
      </div>
      {trouble === 'other' && (
        <Group mt="xs">
          <Button size="compact-sm" onClick={() => window.location.reload()}>
            {words.reload}
          </Button>
        </Group>
      )}
    </section>
  )
}

/** One look that fails may be a hiccup: only the second says that the chain is silent. */
function useReach(site: Site): Reach {
  const probe = useMemo(() => createChainProbe(site), [site])
  const looks = useQuery({
    queryKey: ['reach', site.deploymentId],
    queryFn: async () => {
      const first = await probe.look()
      return first === 'silent' ? probe.look() : first
    },
    refetchInterval: site.chainId === DEV_CHAIN_ID ? LOOK_MS.dev : LOOK_MS.public,
    networkMode: 'always',
    retry: false,
  })
  return looks.data ?? 'answers'
}

function subscribeOnline(onChange: () => void): () => void {
  window.addEventListener('online', onChange)
  window.addEventListener('offline', onChange)
  return () => {
    window.removeEventListener('online', onChange)
    window.removeEventListener('offline', onChange)
  }
}
