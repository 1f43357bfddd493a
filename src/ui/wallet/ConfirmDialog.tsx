import { Button, Checkbox, Group, Stack, Text, Title } from '@mantine/core'
import { useId, useState } from 'react'
import { useStore } from 'zustand'
import type { Site } from '../../app/site.ts'
import { setQuiet } from '../../chain/browserAccountDatabase.ts'
import type { SigningRequest } from '../../chain/browserProvider.ts'
import { Address } from '../components/Address.tsx'
import { Dialog } from '../components/Dialog.tsx'
import { texts } from '../texts.ts'
import { creditsText, etherOn, etherText, gasText } from './amounts.ts'
import { quietStudyOf, signingPrompt } from './signingPrompt.ts'

/** What a wallet's own window is for other wallets: the account of this browser signs nothing that was not shown here. */
export function ConfirmDialog({ site }: { readonly site: Site }) {
  const { asked } = useStore(signingPrompt)
  const id = useId()
  return (
    <Dialog isOpen={asked !== null} onClose={() => asked?.answer(false)} labelledBy={id}>
      {asked !== null && <Question key={id} site={site} id={id} request={asked.request} answer={asked.answer} />}
    </Dialog>
  )
}

interface QuestionProps {
  readonly site: Site
  readonly id: string
  readonly request: SigningRequest
  readonly answer: (yes: boolean) => void
}

function Question({ site, id, request, answer }: QuestionProps) {
  const words = texts.wallet.confirm
  const { call, message, to, value, gas, mostFeeWei } = request
  const [quiet, setChecked] = useState(false)
  const { does, signs } = texts.wallet.call(call?.name ?? '')
  const study = quietStudyOf(request)
  const sign = async () => {
    try {
      if (quiet && study !== null) await setQuiet(site, study, true)
    } catch (error) {
      // It signs all the same, and asks again next time.
      console.error(error)
    }
    answer(true)
  }
  return (
    <Stack gap="md">
      <Title order={2} id={id}>
        {words.heading}
      </Title>
      {message === null ? (
        <Stack gap="xs">
          <Text fw={600}>{does}</Text>
          <Text>{signs}</Text>
          {call?.credits != null && <Text>{words.puts(creditsText(call.credits))}</Text>}
          {value > 0n && <Text>{words.pays(etherText(value))}</Text>}
          <Text>{texts.wallet.cost.most(gasText(gas), etherOn(site, mostFeeWei))}</Text>
          {to !== null && (
            <Group gap="xs">
              <Text size="sm" c="dimmed">
                {words.to}
              </Text>
              <Address address={to} />
            </Group>
          )}
        </Stack>
      ) : (
        <Stack gap="xs">
          <Text>{words.message}</Text>
          <pre className="ward-message">{message}</pre>
        </Stack>
      )}
      {study !== null && (
        <Checkbox
          checked={quiet}
          onChange={event => setChecked(event.currentTarget.checked)}
          label={words.quiet}
          description={words.quietHint}
        />
      )}
      <Group gap="sm">
        <Button onClick={() => void sign()}>{words.yes}</Button>
        <Button variant="default" onClick={() => answer(false)}>
          {words.no}
        </Button>
      </Group>
      <Text size="sm" c="dimmed">
        {words.local}
      </Text>
    </Stack>
  )
}
