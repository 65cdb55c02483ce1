// Shows one camera: WebRTC first; where UDP does not pass, fragmented MP4 over WebSocket. No libraries.
"use strict";

const CONNECT_MS = 4000; // until WebRTC must have shown its first sign of life
const RETRY_MS = 2000;
const MEANWHILE_MS = 1000; // between two looks at what is shown until then
const WATCHED_MS = 2000; // between two looks at who watches
const STALL_MS = 5000; // without a new picture
const BEHIND_S = 1.0; // MP4: farther than this behind the live edge is skipped
const KEEP_S = 20; // MP4: seconds kept behind the play head

const { camera, text, problem } = document.body.dataset;
const say = JSON.parse(text);
const asked = new URLSearchParams(location.search);
const token = asked.get("token") ?? "";
const video = document.getElementById("video");
const notice = document.getElementById("notice");
const way = document.getElementById("way");
const figures = document.getElementById("figures");

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const fill = (sentence, values) => sentence.replace(/{(\w+)}/g, (whole, key) => values[key] ?? whole);
// Without a token it is the session's cookie that opens.
const shown = token ? `token=${encodeURIComponent(token)}&` : "";
const why = asked.has("why") ? `why=${encodeURIComponent(asked.get("why"))}&` : "";
const path = (kind) => `/${kind}/${encodeURIComponent(camera)}?${shown}${why}lang=${document.documentElement.lang}`;

class Refused extends Error {} // the server says no: asking again is of no use

// What ends everything: the server says that this person may not watch (any more), and why.
const over = { reason: "", tell: () => {} };
const ended = new Promise((_, reject) => {
  over.tell = (reason) => {
    over.reason = reason;
    video.removeAttribute("poster");
    document.getElementById("watched").textContent = "";
    reject(new Refused(reason));
  };
});
ended.catch(() => {});

// What the tests and the footer read.
const state = { transport: "", source: "", shape: "", frames: 0, attempts: 0 };
window.matthan = state;

function show(sentence, mood = "") {
  notice.textContent = sentence;
  document.body.className = mood;
}

function took(transport, source, shape) {
  Object.assign(state, { transport, source, shape });
  const [width, height] = shape.split("x");
  video.style.setProperty("--shape", width / height);
  way.textContent = `${say[transport]} · ${say[source]}`;
}

// 409: not now; anything else the server refuses stays so.
const refusal = ({ status, detail }) => new (status === 409 ? Error : Refused)(detail);

async function check(answer) {
  if (answer.ok) return;
  throw refusal(await answer.json().catch(() => ({ status: answer.status, detail: answer.statusText })));
}

// Resolves when the video has run; rejects when it does not in time.
const running = (ms) =>
  new Promise((resolve, reject) => {
    const give = setTimeout(() => reject(new Error("no picture")), ms);
    video.addEventListener("timeupdate", () => (clearTimeout(give), resolve()), { once: true });
  });

async function overWebRTC() {
  const peer = new RTCPeerConnection();
  let resource = null;
  const leave = () => resource && fetch(resource, { method: "DELETE", keepalive: true }).catch(() => {});
  addEventListener("pagehide", leave);
  try {
    peer.addTransceiver("video", { direction: "recvonly" });
    peer.addEventListener("track", ({ streams, track, receiver }) => {
      receiver.jitterBufferTarget = 0;
      video.srcObject = streams[0] ?? new MediaStream([track]);
      video.play().catch(() => {});
    });
    const broken = new Promise((resolve) =>
      peer.addEventListener("connectionstatechange", () => {
        if (["failed", "closed", "disconnected"].includes(peer.connectionState)) resolve();
      }),
    );
    await peer.setLocalDescription(await peer.createOffer());
    await Promise.race([gathered(peer), pause(1000)]);
    const answer = await fetch(path("whep"), {
      method: "POST",
      headers: { "Content-Type": "application/sdp", "Accept-Language": document.documentElement.lang },
      body: peer.localDescription.sdp,
    });
    await check(answer);
    resource = answer.headers.get("Location");
    const first = running(CONNECT_MS);
    await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    await Promise.race([first, broken.then(() => Promise.reject(new Error("no way")))]);
    took("webrtc", answer.headers.get("X-Matthan-Source"), answer.headers.get("X-Matthan-Shape"));
    show("", "live");
    await Promise.race([broken, ended]);
  } finally {
    removeEventListener("pagehide", leave);
    leave();
    peer.close();
    video.srcObject = null;
  }
}

const gathered = (peer) =>
  new Promise((resolve) => {
    const look = () => peer.iceGatheringState === "complete" && resolve();
    peer.addEventListener("icegatheringstatechange", look);
    look();
  });

async function overMP4() {
  const Source = window.ManagedMediaSource ?? window.MediaSource;
  if (!Source) throw new Refused(say.unsupported);
  const media = new Source();
  const url = URL.createObjectURL(media);
  let socket = null;
  try {
    video.disableRemotePlayback = true;
    video.src = url;
    await new Promise((open) => media.addEventListener("sourceopen", open, { once: true }));
    socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}${path("fmp4")}`);
    socket.binaryType = "arraybuffer";
    await Promise.race([play(socket, media), ended]); // listens before the first message can come
  } finally {
    socket?.close();
    video.removeAttribute("src");
    video.load();
    URL.revokeObjectURL(url);
  }
}

// Plays until the socket closes; rejects when it closed for a reason.
function play(socket, media) {
  return new Promise((resolve, reject) => {
    const waiting = [];
    let buffer = null;
    const pump = () => {
      if (!buffer || buffer.updating || media.readyState !== "open") return;
      const behind = video.currentTime - KEEP_S;
      try {
        if (buffer.buffered.length && buffer.buffered.start(0) < behind - KEEP_S) buffer.remove(0, behind);
        else if (waiting.length) buffer.appendBuffer(waiting.shift());
      } catch (error) {
        reject(error); // the browser's buffer is full or broken: begin anew
      }
    };
    const follow = () => {
      const last = buffer.buffered.length - 1;
      if (last < 0) return;
      const edge = buffer.buffered.end(last);
      if (edge - video.currentTime > BEHIND_S || video.currentTime < buffer.buffered.start(last))
        video.currentTime = Math.max(buffer.buffered.start(last), edge - 0.1);
      if (video.paused) video.play().catch(() => {});
    };
    const begin = ({ mime, source, shape }) => {
      if (!(window.ManagedMediaSource ?? window.MediaSource).isTypeSupported(mime))
        return reject(new Refused(say.unsupported));
      buffer = media.addSourceBuffer(mime);
      buffer.addEventListener("updateend", () => (follow(), pump()));
      took("mp4", source, shape);
      running(CONNECT_MS).then(() => show("", "live"), reject);
    };
    const hear = (message) => {
      if (message.problem) reject(refusal(message.problem));
      else begin(message);
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") hear(JSON.parse(data));
      else waiting.push(data), pump();
    };
    socket.onclose = () => resolve();
  });
}

async function watch() {
  let transport = asked.get("transport") ?? ("RTCPeerConnection" in window ? "webrtc" : "mp4");
  const settled = asked.has("transport");
  show(say.connecting);
  for (;;) {
    state.attempts += 1;
    const began = performance.now();
    try {
      await (transport === "mp4" ? overMP4() : overWebRTC());
      show(say.lost);
    } catch (error) {
      if (error instanceof Refused) {
        over.tell(error.message);
        return show(error.message, "bad");
      }
      const never = !document.body.classList.contains("live");
      if (transport === "webrtc" && never && !settled && ["no picture", "no way"].includes(error.message)) {
        transport = "mp4";
        show(say.trying_mp4);
        continue;
      }
      show(error.message.startsWith("no ") ? say.lost : error.message);
    }
    await pause(Math.max(0, RETRY_MS - (performance.now() - began)));
  }
}

// Until the live picture comes: what it waits for, and the picture that is analysed.
async function meanwhile() {
  const plays = () => ["live", "stalled", "bad"].includes(document.body.className);
  for (;; await pause(MEANWHILE_MS)) {
    if (plays()) continue;
    const told = await fetch(path("meanwhile")).then((answer) => (answer.ok ? answer.json() : null), () => null);
    if (!told || plays()) continue;
    video.poster = told.picture;
    if (told.detail) show(told.picture ? `${told.detail} ${say.meanwhile}` : told.detail);
  }
}

// Who watches, and whether this person still may: a picture that is forbidden now is gone at once.
async function watched() {
  const names = document.getElementById("watched");
  for (; !over.reason; await pause(WATCHED_MS)) {
    const answer = await fetch(path("watched"), { headers: { "Accept-Language": document.documentElement.lang } }).catch(
      () => null,
    );
    if (!answer) continue;
    const told = await answer.json().catch(() => ({}));
    if (over.reason) break;
    if (answer.ok) names.textContent = told.watched;
    else if ([401, 403].includes(answer.status) && live()) over.tell(told.detail);
  }
}

const live = () => document.body.classList.contains("live") || document.body.classList.contains("stalled");

let seen = { frames: -1, at: performance.now() };
setInterval(() => {
  const frames = video.getVideoPlaybackQuality().totalVideoFrames;
  const now = performance.now();
  state.frames = frames;
  document.getElementById("clock").textContent = new Date().toLocaleTimeString(document.documentElement.lang);
  if (!["live", "stalled"].some((mood) => document.body.classList.contains(mood))) {
    seen = { frames, at: now };
    figures.textContent = "";
    return;
  }
  if (frames !== seen.frames) {
    const rate = Math.max(0, ((frames - seen.frames) * 1000) / (now - seen.at));
    figures.textContent = `${video.videoWidth}×${video.videoHeight} · ${rate.toFixed(0)} fps`;
    if (document.body.classList.contains("stalled")) show("", "live");
    seen = { frames, at: now };
  } else if (now - seen.at > STALL_MS) {
    show(fill(say.stalled, { seconds: Math.round((now - seen.at) / 1000) }), "stalled");
  }
}, 1000);

if (problem) show(problem, "bad");
else watch(), meanwhile(), watched();
