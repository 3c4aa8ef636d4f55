#[derive(Debug, clap::Args)]
pub struct Args {}
pub async fn run(_: Args, _: bool) -> anyhow::Result<super::Answer> {
    anyhow::bail!("x")
}
