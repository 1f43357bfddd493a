// A transform for the AssemblyScript compiler: the field's arithmetic is inlined wherever it is called. A call costs a
// transform's butterfly a tenth. AssemblyScript has a decorator for that, which is no TypeScript on a function.
import { DecoratorFlags, ElementKind } from 'assemblyscript'
import { Transform } from 'assemblyscript/transform'

const files = ['src/field/assembly/goldilocks', 'src/field/assembly/stark/arithmetic']
const inlined = new Set(['add', 'subtract', 'multiply', 'multiplySmall', 'reduce', 'productRe', 'productIm'])

export default class extends Transform {
  afterInitialize(program) {
    for (const file of files) {
      for (const element of program.filesByName.get(file)?.members?.values() ?? []) {
        if (element.kind === ElementKind.FunctionPrototype && inlined.has(element.name)) {
          element.decoratorFlags |= DecoratorFlags.Inline
        }
      }
    }
  }
}
