// Writes src/api/roles.ts: which roles may call which operation, by the API's description, so that pages show nobody
// what the server would refuse.
import {readFileSync, writeFileSync} from 'node:fs';

const {paths} = JSON.parse(readFileSync('../../api/openapi.json', 'utf8'));
const lines = [];
for (const item of Object.values(paths)) {
  for (const operation of Object.values(item)) {
    if (operation['x-roles']) lines.push(`  ${operation.operationId}: ${JSON.stringify(operation['x-roles'])},`);
  }
}
writeFileSync('src/api/roles.ts', `export const rolesOf = {\n${lines.sort().join('\n')}\n} as const;\n`);
