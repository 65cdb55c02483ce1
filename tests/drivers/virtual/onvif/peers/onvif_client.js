// Drives a camera with the npm `onvif` client and prints one JSON object of what it saw.
// node onvif_client.js HOST PORT wsse|digest; the password comes in PASSWORD, the modules in NODE_PATH.
'use strict';
const { Cam, Discovery } = require('onvif');
const [host, port, mode] = process.argv.slice(2);
const options = { hostname: host, port: Number(port), username: 'admin', timeout: 60000,
	useWSSecurity: mode !== 'digest', autoconnect: false };

const call = (cam, name, ...args) => new Promise((resolve, reject) =>
	cam[name](...args, (error, value) => error ? reject(new Error(`${name}: ${error.message}`)) : resolve(value)));
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

async function whenIdle(cam) {
	for (;;) {
		const status = await call(cam, 'getStatus', {});
		if (status.moveStatus.panTilt === 'IDLE' && status.moveStatus.zoom === 'IDLE') { return status; }
		await sleep(50);
	}
}

async function main() {
	const cam = new Cam({ ...options, password: process.env.PASSWORD });
	await call(cam, 'connect');
	const saw = { information: await call(cam, 'getDeviceInformation'), hostname: await call(cam, 'getHostname'),
		scopes: (await call(cam, 'getScopes')).length, users: await call(cam, 'getUsers') };
	saw.profiles = cam.profiles.map(profile => ({ token: profile.$.token,
		resolution: profile.videoEncoderConfiguration.resolution, ptz: !!profile.PTZConfiguration }));
	saw.stream = (await call(cam, 'getStreamUri', { protocol: 'RTSP' })).uri;
	saw.streamUdp = (await call(cam, 'getStreamUri', { protocol: 'UDP' })).uri;
	saw.snapshot = (await call(cam, 'getSnapshotUri', {})).uri;
	saw.nodes = Object.keys(await call(cam, 'getNodes'));
	saw.presets = await call(cam, 'getPresets', {});

	await call(cam, 'gotoPreset', { preset: saw.presets.gate.$.token });
	saw.atGate = (await whenIdle(cam)).position;
	saw.newPreset = (await call(cam, 'setPreset', { presetName: 'from node' }))[0]
		.setPresetResponse[0].presetToken[0];
	await call(cam, 'removePreset', { presetToken: saw.newPreset });
	await call(cam, 'continuousMove', { x: 0.01, y: 0, zoom: 0, timeout: 50000 });
	saw.moving = (await call(cam, 'getStatus', {})).moveStatus.panTilt;
	await call(cam, 'gotoPreset', { preset: saw.presets.gate.$.token });
	await whenIdle(cam);
	await call(cam, 'continuousMove', { x: 1, y: 0, zoom: 0, timeout: 200 });
	saw.afterTimeout = (await whenIdle(cam)).position;  // nobody sends Stop
	await call(cam, 'absoluteMove', { x: -0.7, y: -0.2, zoom: 0.4 });
	await call(cam, 'relativeMove', { x: 0.1, y: 0.1, zoom: 0 });
	await call(cam, 'stop', { panTilt: true, zoom: true });
	await call(cam, 'gotoHomePosition', {});
	saw.atHome = (await whenIdle(cam)).position;

	await call(cam, 'getEventProperties');
	saw.topics = Object.keys(cam.events.properties.topicSet);
	await call(cam, 'createPullPointSubscription');
	const pulled = await call(cam, 'pullMessages', { messageLimit: 10 });
	saw.messages = [].concat(pulled.notificationMessage).map(each => ({ topic: each.topic._,
		data: each.message.message.data.simpleItem.$ }));
	await call(cam, 'renew', {});
	await call(cam, 'unsubscribe');

	const stranger = new Cam({ ...options, password: 'wrong' });
	saw.wrongPassword = await call(stranger, 'getDeviceInformation').then(() => 'let in', error => error.message);
	for (saw.discovered = []; !saw.discovered.some(url => url.includes(`:${port}/`));) {  // datagrams get lost
		const found = await new Promise(resolve => Discovery.probe({ device: 'lo', timeout: 1500, resolve: false },
			(error, devices) => resolve(devices)));
		saw.discovered = found.map(each => each.probeMatches.probeMatch.XAddrs);
	}
	console.log(JSON.stringify(saw));
}

main().then(() => process.exit(0), error => { console.error(error); process.exit(1); });
