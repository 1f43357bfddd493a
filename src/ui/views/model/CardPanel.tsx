import { Button, Group, Table, Text, Title } from '@mantine/core'
import { useId, useState } from 'react'
import { type ModelCard, modelCardMarkdown } from '../../../app/modelCard.ts'
import { Panel } from '../../components/Panel.tsx'
import { download, fileNameOf } from '../../download.ts'
import { texts } from '../../texts.ts'
import { figureRows } from './figureRows.ts'

/** The model card: to read here, as JSON, as Markdown; and the printed report. */
export function CardPanel({ card }: { readonly card: ModelCard }) {
  const { card: words } = texts.model
  const [isOpen, setIsOpen] = useState(false)
  const id = useId()
  const name = words.fileName(fileNameOf(card.model.study), card.model.round)
  return (
    <Panel question={words.heading} answer={words.answer}>
      <Group gap="sm">
        <Button
          variant="default"
          aria-expanded={isOpen}
          {...(isOpen && { 'aria-controls': id })}
          onClick={() => setIsOpen(!isOpen)}
        >
          {isOpen ? words.hide : words.show}
        </Button>
        <Button
          variant="default"
          onClick={() => download(`${name}.json`, 'application/json', `${JSON.stringify(card, null, 2)}\n`)}
        >
          {words.json}
        </Button>
        <Button variant="default" onClick={() => download(`${name}.md`, 'text/markdown', modelCardMarkdown(card))}>
          {words.markdown}
        </Button>
        <Button variant="default" onClick={() => window.print()}>
          {words.print}
        </Button>
      </Group>
      <Text size="sm" c="dimmed" className="ward-measure">
        {words.publish}
      </Text>
      {isOpen && (
        <div id={id}>
          <Card card={card} />
        </div>
      )}
    </Panel>
  )
}

function Card({ card }: { readonly card: ModelCard }) {
  const { card: words } = texts.model
  const { model, cohort, provenance } = card
  const { parts } = words
  return (
    <article className="ward-card" data-testid="model-card">
      <Title order={3}>{parts.use}</Title>
      <p className="ward-measure">{card.intendedUse}</p>
      <Title order={3}>{parts.notFor}</Title>
      <Lines lines={card.notFor} />
      <Title order={3}>{parts.model}</Title>
      <p className="ward-measure">{model.purpose}</p>
      <Lines lines={[model.layers.join('; '), model.atTheHospital]} />
      <div className="ward-table-scroll">
        <Table verticalSpacing={4} maw={640}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{words.input}</Table.Th>
              <Table.Th scope="col">{words.what}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {model.inputs.map(({ name, what }) => (
              <Table.Tr key={name}>
                <Table.Td>{name}</Table.Td>
                <Table.Td>{what}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <Title order={3}>{parts.cohort}</Title>
      <Facts
        facts={[
          [words.hospitals, String(cohort.hospitals)],
          [words.patientsHere, cohort.patientsHere],
          [words.heldOutHere, cohort.heldOutHere],
        ]}
      />
      <p className="ward-measure">{cohort.note}</p>
      <Title order={3}>{parts.results}</Title>
      <Figures results={card.results} />
      <Title order={3}>{parts.training}</Title>
      <Facts
        facts={Object.entries(card.training).map(([name, value]) => [
          words.trainingNames[name] ?? name,
          typeof value === 'boolean' ? (value ? texts.model.patient.yes : texts.model.patient.no) : String(value),
        ])}
      />
      {card.proofs && (
        <>
          <Title order={3}>{parts.proofs}</Title>
          <p className="ward-measure">{card.proofs.note}</p>
        </>
      )}
      <Title order={3}>{parts.rules}</Title>
      <Facts facts={card.rules.map(({ name, value }) => [name, value])} />
      <Title order={3}>{parts.provenance}</Title>
      <Facts
        isCode
        facts={[
          [words.chain, String(provenance.chainId)],
          [words.contract, provenance.studyContract],
          [words.manifest, provenance.manifest],
          [words.modelCid, provenance.model ?? '–'],
          [words.signatures, String(provenance.signatures ?? '–')],
          ...provenance.transactions.map(({ what, hash }) => [what, hash] as const),
        ]}
      />
      <Title order={3}>{parts.limits}</Title>
      <Lines lines={card.limits} />
    </article>
  )
}

function Figures({ results }: Pick<ModelCard, 'results'>) {
  if ('withheld' in results) return <p className="ward-measure">{results.withheld}</p>
  const { threshold } = results.together
  return (
    <>
      <div className="ward-table-scroll">
        <Table verticalSpacing={4} maw={720}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{texts.results.measure}</Table.Th>
              {results.alone && <Table.Th scope="col">{texts.results.alone}</Table.Th>}
              <Table.Th scope="col">{texts.results.together}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {figureRows(results).map(({ name, alone, together }) => (
              <Table.Tr key={name}>
                <Table.Th scope="row" fw={400}>
                  {name}
                </Table.Th>
                {results.alone && <Table.Td>{alone}</Table.Td>}
                <Table.Td>{together}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      {threshold !== null && <p className="ward-measure">{texts.model.card.threshold(threshold)}</p>}
      {results.tooSmall.length > 0 && (
        <p className="ward-measure">{texts.results.subgroups.tooSmall(results.tooSmall)}</p>
      )}
    </>
  )
}

function Lines({ lines }: { readonly lines: readonly string[] }) {
  return (
    <ul className="ward-measure">
      {lines.map(line => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  )
}

interface FactsProps {
  readonly facts: readonly (readonly [string, string])[]
  readonly isCode?: boolean
}

function Facts({ facts, isCode = false }: FactsProps) {
  return (
    <dl>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{isCode ? <code>{value}</code> : value}</dd>
        </div>
      ))}
    </dl>
  )
}
