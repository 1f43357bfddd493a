export { keyCode } from '../proofKeys.ts'
