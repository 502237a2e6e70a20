// What to paste into a page or a program: our own library, which asks, and the official clients. In a page those are
// loaded only once a visitor has agreed to a category, and never before.
import {Tabs} from '@mantine/core';
import {useTranslation} from 'react-i18next';
import type {Source} from '../../api/sources';
import {CodeBlock} from '../../parts/secret';

interface Snippet {
  id: string;
  name: string;
  text: string;
}

interface Comments {
  onLeave: string;
  asks: string;
  wayBack: string;
  wayBackName: string;
}

function inPages(key: string, host: string, origin: string, named: string[], comments: Comments): Snippet[] {
  const {onLeave: comment, asks, wayBack, wayBackName} = comments;
  const agreed = named.map(category => `${JSON.stringify(category)}: leave.includes(${JSON.stringify(category)})`).join(', ');
  return [
    {
      id: 'handschlag',
      name: 'Handschlag',
      text: `<!-- ${asks} -->
<script src="${origin}/sdk.js" data-key="${key}" data-page async></script>

<!-- ${wayBack} -->
<button type="button" data-handschlag-open>${wayBackName}</button>`,
    },
    {
      id: 'segment-browser',
      name: 'Segment (browser)',
      text: `// npm install @segment/analytics-next
// ${comment}
export async function onLeave(leave) {           // e.g. ${JSON.stringify(named)}
  if (leave.length === 0) return;
  const {AnalyticsBrowser} = await import('@segment/analytics-next');
  const analytics = AnalyticsBrowser.load(
    {writeKey: '${key}', cdnURL: '${origin}'},
    {integrations: {'Segment.io': {apiHost: '${host}/v1', protocol: '${new URL(origin).protocol.slice(0, -1)}'}}});
  analytics.addSourceMiddleware(({payload, next}) => {
    payload.obj.context.consent = {categoryPreferences: {${agreed}}};
    next(payload);
  });
  analytics.page();
}`,
    },
    {
      id: 'rudder-browser',
      name: 'RudderStack (browser)',
      text: `// npm install @rudderstack/analytics-js
// ${comment}
export async function onLeave(leave) {           // e.g. ${JSON.stringify(named)}
  if (leave.length === 0) return;
  const {RudderAnalytics} = await import('@rudderstack/analytics-js/bundled');
  const analytics = new RudderAnalytics();
  analytics.load('${key}', '${origin}', {
    configUrl: '${origin}', polyfillIfRequired: false,
    consentManagement: {enabled: true, provider: 'custom', allowedConsentIds: leave,
                        deniedConsentIds: ${JSON.stringify(named)}.filter(category => !leave.includes(category))}});
  analytics.page();
}`,
    },
    {
      // To try it out, as a browser whose visitor agreed would send it.
      id: 'curl',
      name: 'curl',
      text: `curl -u '${key}:' ${origin}/v1/track \\
  -d '{"anonymousId": "try-out-1", "event": "Product Viewed", "properties": {"name": "Lantern"},
       "context": {"consent": {"categoryPreferences": {${named.map(category => `${JSON.stringify(category)}: true`).join(', ')}}}}}'`,
    },
  ];
}

function inPrograms(key: string, origin: string): Snippet[] {
  return [
    {
      id: 'segment-node',
      name: 'Segment (Node)',
      text: `// npm install @segment/analytics-node
import {Analytics} from '@segment/analytics-node';
const analytics = new Analytics({writeKey: '${key}', host: '${origin}'});
analytics.track({userId: '42', event: 'Order Completed',
                 properties: {order_id: 'A-1001', total: 59.90, currency: 'EUR'}});`,
    },
    {
      id: 'rudder-node',
      name: 'RudderStack (Node)',
      text: `// npm install @rudderstack/rudder-sdk-node
import RudderAnalytics from '@rudderstack/rudder-sdk-node';
const analytics = new RudderAnalytics('${key}', {dataPlaneUrl: '${origin}'});
analytics.track({userId: '42', event: 'Order Completed',
                 properties: {order_id: 'A-1001', total: 59.90, currency: 'EUR'}});`,
    },
    {
      id: 'curl',
      name: 'curl',
      text: `curl -u '${key}:' ${origin}/v1/track \\
  -d '{"userId": "42", "event": "Order Completed",
       "properties": {"order_id": "A-1001", "total": 59.90, "currency": "EUR"}}'`,
    },
  ];
}

// What a page says yes to: the words that the source knows; without any, the names of its purposes mean themselves.
function consentWords(source: Source): string[] {
  const words = Object.keys(source.consent_categories);
  const names = source.purposes.map(declared => declared.split(':'));
  const onConsent = names.filter(([, basis]) => basis === 'A6-1-a');
  return words.length > 0 ? words : (onConsent.length > 0 ? onConsent : names).map(([name]) => name ?? '');
}

export function Snippets({source, writeKey}: {source: Source; writeKey?: string}) {
  const {t} = useTranslation();
  const key = writeKey ?? 'WRITE_KEY';
  const {host, origin} = window.location;
  const pages = inPages(key, host, origin, consentWords(source), {
    onLeave: t('sources.snippetComment'),
    asks: t('sources.snippetAsks'),
    wayBack: t('sources.snippetWayBack'),
    wayBackName: t('sources.snippetWayBackName'),
  });
  const snippets = source.trust === 'public' ? pages : inPrograms(key, origin);
  return (
    <Tabs defaultValue={snippets[0]!.id} keepMounted={false}>
      <Tabs.List mb="sm">
        {snippets.map(snippet => (
          <Tabs.Tab key={snippet.id} value={snippet.id}>
            {snippet.name}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {snippets.map(snippet => (
        <Tabs.Panel key={snippet.id} value={snippet.id}>
          <CodeBlock text={snippet.text} />
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
