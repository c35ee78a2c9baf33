module orchestrate-latency/docker-machine

go 1.19

require (
	github.com/Azure/azure-sdk-for-go v5.0.0-beta+incompatible
	github.com/Azure/go-autorest v7.2.1+incompatible
	github.com/aws/aws-sdk-go v1.36.21
	github.com/bugsnag/bugsnag-go v1.0.6-0.20151120182711-02e952891c52
	github.com/bugsnag/osext v0.0.0-20130617224835-0dd3f918b21b
	github.com/bugsnag/panicwrap v0.0.0-20160118154447-aceac81c6e2f
	github.com/cenkalti/backoff v0.0.0-20141124221459-9831e1e25c87
	github.com/codegangsta/cli v1.11.1-0.20151120215642-0302d3914d2a
	github.com/dgrijalva/jwt-go v3.0.1-0.20160831183534-24c63f56522a+incompatible
	github.com/digitalocean/godo v1.0.1-0.20170317202744-d59ed2fe842b
	github.com/docker/go-units v0.2.1-0.20151230175859-0bbddae09c5a
	github.com/docker/machine v0.16.2
	github.com/exoscale/egoscale v0.9.23
	github.com/google/go-querystring v0.0.0-20140804062624-30f7a39f4a21
	github.com/intel-go/cpuid v0.0.0-20181003105527-1a4a6f06a1c6
	github.com/jinzhu/copier v0.0.0-20180308034124-7e38e58719c3
	github.com/mitchellh/mapstructure v0.0.0-20140721150620-740c764bc614
	github.com/rackspace/gophercloud v1.0.1-0.20150408191457-ce0f487f6747
	github.com/samalba/dockerclient v0.0.0-20151231000007-f661dd4754aa
	github.com/skarademir/naturalsort v0.0.0-20150715044055-69a5d87bef62
	github.com/tent/http-link-go v0.0.0-20130702225549-ac974c61c2f9
	github.com/vmware/govcloudair v0.0.2
	github.com/vmware/govmomi v0.6.2
	golang.org/x/crypto v0.14.0
	golang.org/x/net v0.17.0
	golang.org/x/oauth2 v0.0.0-20151117210313-442624c9ec92
	golang.org/x/sys v0.13.0
	google.golang.org/api v0.0.0-20180213000552-87a2f5c77b36
)

require (
	github.com/docker/docker v0.0.0-00010101000000-000000000000 // indirect
	google.golang.org/cloud v0.0.0-20151119220103-975617b05ea8 // indirect
)

replace github.com/docker/docker => github.com/moby/moby v1.4.2-0.20170731201646-1009e6a40b29
