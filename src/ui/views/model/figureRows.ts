import type { ModelCard } from '../../../app/modelCard.ts'
import { texts } from '../../texts.ts'

type Results = Exclude<ModelCard['results'], { withheld: string }>
type Figure = Results['together']['accuracy']

interface FigureRow {
  readonly name: string
  readonly alone: string
  readonly together: string
}

/** A card's results as rows of a table, in words. */
export function figureRows({ together, alone, subgroups }: Results): FigureRow[] {
  const { figures } = texts.model.card
  const names = ['accuracy', 'logLoss', 'auc', 'sensitivity', 'specificity'] as const
  return [
    ...names
      .filter(name => together[name] !== null)
      .map(name => ({
        name: figures[name],
        alone: figureText(alone?.[name] ?? null),
        together: figureText(together[name]),
      })),
    ...subgroups.map(group => ({
      name: `${figures.accuracy}: ${group.name} (${texts.results.subgroups.inBand(group.patients)})`,
      alone: figureText(group.alone),
      together: figureText(group.together),
    })),
  ]
}

function figureText(figure: Figure | null): string {
  if (figure === null) return '–'
  if ('withheld' in figure) return figure.withheld
  return `${figure.value} (${texts.model.interval(String(figure.low), String(figure.high))})`
}
