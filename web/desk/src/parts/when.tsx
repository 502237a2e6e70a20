import {Tooltip} from '@mantine/core';
import {useFormats} from '../i18n/format';

// "3 hours ago", with the exact time on hover and for machines.
export function When({at}: {at: string}) {
  const format = useFormats();
  return (
    <Tooltip label={format.exact(at)} openDelay={300}>
      <time dateTime={at}>{format.ago(at)}</time>
    </Tooltip>
  );
}
