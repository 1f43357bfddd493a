import { Button, Group, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import type { HospitalSession } from '../../../app/session.ts'
import type { HospitalView } from '../../../app/store.ts'
import { Panel } from '../../components/Panel.tsx'
import { texts } from '../../texts.ts'
import { creditsText, etherText } from '../../wallet/amounts.ts'
import { ActionError } from '../live/ActionError.tsx'
import { Figures } from './Figures.tsx'
import { roundNamer } from './roundNamer.ts'
import { useAct } from './useAct.ts'

interface MoneyPanelProps {
  readonly view: HospitalView
  readonly session: HospitalSession
}

/** Stake, rewards, forfeits with their reasons, and the way to get one's credits out. */
export function MoneyPanel({ view, session }: MoneyPanelProps) {
  const { credits, money, reason, reading } = texts.keeping
  const { balance, wallet, isStakeFree, history } = view.keeping
  const [said, setSaid] = useState('')
  const { isBusy, error, run } = useAct()
  const nameRound = roundNamer(view)
  if (wallet === null) return <Panel question={money.heading} answer={reading} />
  const all = balance ? balance.stake + balance.reward : 0n
  const free = balance ? balance.reward + (isStakeFree ? balance.stake : 0n) : 0n
  const forfeits = history?.rounds.filter(({ forfeit }) => forfeit !== null) ?? []
  const withdraw = () =>
    run(async () => {
      const amount = await session.keeping.withdraw()
      setSaid(money.done(creditsText(amount)))
    })
  return (
    <Panel question={money.heading} answer={all > 0n ? money.answer(creditsText(all)) : money.none}>
      <Figures
        of={[
          { name: money.stake, value: balance ? credits(creditsText(balance.stake)) : '–' },
          { name: money.reward, value: balance ? credits(creditsText(balance.reward)) : '–' },
          { name: money.forfeited, value: balance ? credits(creditsText(balance.forfeited)) : '–' },
          { name: money.withdrawn, value: history ? credits(creditsText(history.withdrawn)) : '–' },
          { name: money.wallet, value: credits(creditsText(wallet.credits)) },
          { name: money.gas, value: etherText(wallet.gas) },
        ]}
      />
      {forfeits.length > 0 && (
        <Stack gap={4}>
          <Title order={3}>{money.forfeits}</Title>
          <ul className="ward-plain-list">
            {forfeits.map(({ round, forfeit }) => (
              <li key={round}>
                {money.forfeit(nameRound(round), creditsText(forfeit?.amount ?? 0n), reason(forfeit?.reason ?? ''))}
              </li>
            ))}
          </ul>
        </Stack>
      )}
      <Stack gap={4}>
        {free > 0n && (
          <Group>
            <Button onClick={withdraw} loading={isBusy}>
              {money.withdraw(creditsText(free))}
            </Button>
          </Group>
        )}
        <Text size="sm" c="dimmed" className="ward-measure">
          {free === 0n ? money.nothing : isStakeFree ? money.both : money.rewardNow}
          {balance !== null && balance.stake > 0n && !isStakeFree && ` ${money.stakeLater}`}
        </Text>
        <Text size="sm" aria-live="polite">
          {said}
        </Text>
        {error && <ActionError error={error} />}
      </Stack>
    </Panel>
  )
}
