/** `account devices`. @module */

import { type DeviceView, listDevices, revokeDevice } from "../../../usecases/account_devices.ts";
import { defineCommand } from "../../command.ts";
import { withConfirmation, withPassword } from "../../options.ts";
import { table } from "../../view/table.ts";
import { iso, minuteOf } from "../../view/time.ts";
import { type Json, tick } from "../../view/view.ts";

export const command = defineCommand({
  detail: "A revoked device can sign nothing any more and its sessions end. What it has already read it has read.",
  examples: [
    { line: "agentsecrets account devices", why: "which devices may act for this account" },
    { line: "agentsecrets account devices --revoke old-laptop", why: "take one's rights away" },
  ],
  define: (command) =>
    withConfirmation(withPassword(command.option("--revoke <device>", "id or label of the device to revoke"))),
  run: async (context, options) => {
    const { view, answers } = context;
    if (options.revoke === undefined) {
      const devices = await listDevices(context.world, context.signal);
      await view.data({ devices: devices.map(deviceJson) }, (style) =>
        table(
          ["Device", "Label", "State", "Added (UTC)"],
          devices.map((device) => [
            device.id,
            device.current ? `${device.label} (this one)` : device.label,
            device.state,
            minuteOf(device.addedAt),
          ]),
          style,
        ));
      return;
    }
    await answers.confirm(`Revoke the device ${options.revoke}?`, "whether to revoke it");
    const device = await revokeDevice(context.world, {
      device: options.revoke,
      password: () => answers.password("revoke a device"),
    }, context.signal);
    await view.done({ revoked: deviceJson(device) }, (style) => tick(style, `Revoked ${device.label} (${device.id})`));
  },
});

function deviceJson(device: DeviceView): Json {
  return {
    id: device.id,
    label: device.label,
    current: device.current,
    state: device.state,
    added_at: iso(device.addedAt),
    revoked_at: iso(device.revokedAt),
  };
}
