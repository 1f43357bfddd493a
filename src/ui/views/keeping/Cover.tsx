import './keeping.css'
import { Button, Group, PasswordInput, Stack, Text, Title } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useStore } from 'zustand'
import type { HospitalSession } from '../../../app/session.ts'
import { texts } from '../../texts.ts'

/** The cover of a shared desk: it asks for the PIN, and nothing of the page is behind it. */
export function Cover({ session }: { readonly session: HospitalSession }) {
  const { cover } = texts.keeping
  const { lock } = session.keeping
  const { pauses, waitsUntil } = useStore(lock.store)
  const { name, round } = useStore(session.store)
  const [pin, setPin] = useState('')
  const [isWrong, setWrong] = useState(false)
  const [isBusy, setBusy] = useState(false)
  const seconds = useSecondsUntil(waitsUntil)
  const isRunning = round !== null && !round.paused
  // After a reload the study would go on by itself.
  useEffect(() => {
    if (pauses && isRunning) session.rounds.pause()
  }, [pauses, isRunning, session])
  const open = async () => {
    setBusy(true)
    try {
      const isOpen = await lock.unlock(pin)
      setWrong(!isOpen)
      setPin('')
      if (isOpen && pauses) session.rounds.resume()
    } finally {
      setBusy(false)
    }
  }
  return (
    <section className="ward-panel ward-cover" aria-labelledby="ward-cover">
      <Title order={1} id="ward-cover">
        {cover.heading(name)}
      </Title>
      <Text>{pauses ? cover.paused : cover.goesOn}</Text>
      <form
        onSubmit={event => {
          event.preventDefault()
          void open()
        }}
      >
        <Stack gap="sm">
          <PasswordInput
            label={cover.pin}
            value={pin}
            onChange={event => setPin(event.currentTarget.value)}
            error={seconds > 0 ? cover.waits(seconds) : isWrong && cover.wrong}
            autoComplete="off"
            autoFocus
            w={280}
          />
          <Group>
            <Button type="submit" loading={isBusy} disabled={seconds > 0 || pin === ''}>
              {cover.open}
            </Button>
          </Group>
        </Stack>
      </form>
      <Text size="sm" c="dimmed" className="ward-measure">
        {cover.forgot}
      </Text>
    </section>
  )
}

/** Whole seconds until a time in milliseconds since 1970; 0 once it has passed. */
function useSecondsUntil(time: number): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    if (time <= Date.now()) return
    const timer = setInterval(() => setNow(Date.now()), 500)
    return () => clearInterval(timer)
  }, [time])
  return Math.max(0, Math.ceil((time - now) / 1000))
}
