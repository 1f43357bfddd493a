import postcss from 'postcss'
import type { Plugin } from 'vite'

/**
 * Drops the rules of Mantine's components that no chunk uses. Its class names are hashes that stand in the JavaScript of
 * their component alone, so that a rule is unused exactly where its hash is in no chunk.
 */
export function mantineStyles(): Plugin {
  return {
    name: 'wardround-mantine-styles',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const outputs = Object.values(bundle)
      const code = outputs.flatMap(output => (output.type === 'chunk' ? [output.code] : [])).join('\n')
      for (const asset of outputs) {
        if (asset.type !== 'asset' || !asset.fileName.endsWith('.css')) continue
        asset.source = withoutUnused(String(asset.source), name => code.includes(name))
      }
    },
  }
}

const hashes = /\.(m_[0-9a-f]{6,8})/g

/** @param isUsed whether a class name of Mantine's is in use */
export function withoutUnused(css: string, isUsed: (name: string) => boolean): string {
  const root = postcss.parse(css)
  root.walkRules(rule => {
    const kept = rule.selectors.filter(selector =>
      [...selector.matchAll(hashes)].every(([, name = '']) => isUsed(name)),
    )
    if (kept.length === 0) rule.remove()
    else if (kept.length < rule.selectors.length) rule.selectors = kept
  })
  root.walkAtRules(rule => {
    if (rule.nodes?.length === 0) rule.remove()
  })
  return root.toString()
}
